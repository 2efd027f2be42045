import { h2load } from '../load/h2load.js';
import type { LoadResult } from '../load/load-result.js';
import { wrk } from '../load/wrk.js';
import { checkPrediction } from '../measure/check-answer.js';
import { modelRemarks } from '../measure/model-remarks.js';
import { type Compared, compareValues, interleave } from '../measure/rounds.js';
import type { ServerProcess } from '../process/server-process.js';
import { withServers } from '../process/with-servers.js';
import { atLeast, atMost, type Figure, plainFigure, ratioFigure } from '../report/figure.js';
import { ensureW2Model, w2 } from '../workloads/w2.js';
import type { OrtRate } from '../yardsticks/ort-loop.js';
import { errorFigure } from './error-figure.js';
import { grpcRequest } from './grpc-tiny.js';
import { profileArgs, profileRemarks } from './profile.js';
import type { Effort, Suite } from './suite.js';
import { w2Expected } from './w2-expected.js';
import { w2Loop } from './w2-limit.js';

const SUITE = 'big';
const W2_METHOD = 'w2.v1.W2Service/Predict';
const CONNECTIONS = 64;
const BATCH = 64;

/** Servers with the default and with `coalesce: 'off'`, and onnxruntime alone. */
type Servers = Readonly<Record<'auto' | 'off' | 'limit', ServerProcess>>;
type Burst = OrtRate | LoadResult;

/** The model of 134 million weights at 64 connections, beside onnxruntime alone at batch 64. */
export const big: Suite = {
  name: SUITE,
  needs: ['wrk', 'h2load'],
  async run(effort) {
    ensureW2Model();
    const specs = {
      auto: { script: 'apps/w2/main', nodeArgs: profileArgs(effort, SUITE) },
      off: { script: 'apps/w2/main', env: { COALESCE: 'off' } },
      limit: w2Loop(BATCH, burstSeconds(effort)),
    };
    const report = await withServers(specs, async (servers) => {
      await checkPrediction({ url: servers.auto.httpUrl('w2'), bodyFile: w2().jsonFile }, await w2Expected());
      const remarks = await modelRemarks(servers.auto);
      return { figures: await measure(servers, effort), remarks };
    });
    return { ...report, remarks: [...report.remarks, ...profileRemarks(effort, SUITE)] };
  },
};

/** A batch takes some 70 ms: shorter bursts would measure their own beginning and end. */
const burstSeconds = ({ seconds }: Effort): number => Math.max(4, 3 * seconds);

async function measure(servers: Servers, effort: Effort): Promise<Figure[]> {
  const bursts = await contenders(servers, burstSeconds(effort));
  const seen = await interleave<keyof typeof bursts, Burst>(Math.ceil(effort.rounds / 2), bursts);
  const limit = seen.limit as OrtRate[];
  const rows = (name: 'http' | 'grpc' | 'httpOff' | 'grpcOff') => seen[name] as LoadResult[];
  return [
    ...served('HTTP', true, rows('http'), limit),
    ...served('gRPC', true, rows('grpc'), limit),
    ...served("HTTP, coalesce 'off'", false, rows('httpOff'), limit),
    ...served("gRPC, coalesce 'off'", false, rows('grpcOff'), limit),
    errorFigure(SUITE, 'all bursts', [...rows('http'), ...rows('grpc'), ...rows('httpOff'), ...rows('grpcOff')]),
  ];
}

async function contenders(servers: Servers, seconds: number) {
  const { jsonFile } = w2();
  const options = { connections: CONNECTIONS, seconds };
  const http = (server: ServerProcess) => () => wrk({ url: server.httpUrl('w2'), bodyFile: jsonFile }, options);
  const grpc = async (server: ServerProcess) => {
    const request = await grpcRequest(server, W2_METHOD, w2());
    return () => h2load(request, options);
  };
  return {
    http: http(servers.auto),
    grpc: await grpc(servers.auto),
    limit: () => servers.limit.ask('measure') as Promise<OrtRate>,
    httpOff: http(servers.off),
    grpcOff: await grpc(servers.off),
  };
}

function served(name: string, isDefault: boolean, seen: readonly LoadResult[], limit: readonly OrtRate[]): Figure[] {
  const rate = compareValues(
    seen.map((one) => one.requestsPerSecond),
    limit.map((one) => one.rowsPerSecond),
  );
  const p99 = compareValues(
    seen.map((one) => one.p99Ms),
    limit.map((one) => 2 * one.p50Ms),
  );
  const named = (what: string, unit: string) => ({
    suite: SUITE,
    name: `${what}, ${name}, ${CONNECTIONS} connections`,
    unit,
  });
  const figure = (
    what: string,
    unit: string,
    yardstick: string,
    compared: Compared,
    target: Figure['target'],
  ): Figure => ratioFigure(named(what, unit), yardstick, compared, isDefault ? target : undefined);
  return [
    figure('rows', 'a second', `in-process, batch ${BATCH}`, rate, atLeast(0.9)),
    figure('p99', 'ms', 'two in-process runs', p99, atMost(1.3)),
    plainFigure(named('p50', 'ms'), seen.map((one) => one.p50Ms).toSorted((a, b) => a - b)[seen.length >> 1]!),
  ];
}
