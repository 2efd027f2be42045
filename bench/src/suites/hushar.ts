import { h2load } from '../load/h2load.js';
import type { LoadOptions, LoadResult } from '../load/load-result.js';
import { modelRemarks } from '../measure/model-remarks.js';
import { compare, compareValues, interleave } from '../measure/rounds.js';
import { type Sample, sample } from '../measure/sample.js';
import type { ServerProcess } from '../process/server-process.js';
import { type ServerSpec, withServers } from '../process/with-servers.js';
import { atLeast, atMost, type Figure, plainFigure, ratioFigure } from '../report/figure.js';
import { husharWorkload, type HusharWorkloadName } from '../workloads/hushar.js';
import type { HusharPair, HusharTimes } from '../yardsticks/hushar/loop.js';
import type { OrtRate } from '../yardsticks/ort-loop.js';
import { type Built, buildTonic, tonicRemarks } from '../yardsticks/tonic/build-tonic.js';
import { tonicHushar } from '../yardsticks/tonic/tonic-specs.js';
import { errorFigure } from './error-figure.js';
import { grpcRequest } from './grpc-tiny.js';
import { profileArgs, profileRemarks } from './profile.js';
import type { Effort, Suite } from './suite.js';
import { w2Loop } from './w2-limit.js';

const SUITE = 'hushar';
export const HUSHAR_METHOD = 'hushar.Hushar/InferenceService';
const SMALL = ['w1', 'w3'] as const;
/** Connections, and calls in flight on each. */
const SHAPES = [
  [4, 16],
  [32, 1],
] as const;
const CALLERS = 64;

type Small = (typeof SMALL)[number];

/** Hushar's protocol on W1, W3 and W2: in this process beside a plain decoder, over gRPC beside plain framing, and batched. */
export const hushar: Suite = {
  name: SUITE,
  needs: ['h2load'],
  async run(effort) {
    const figures: Figure[] = [];
    const tonic = buildTonic();
    const remarks = tonicRemarks(tonic);
    for (const name of SMALL) {
      figures.push(...(await inProcess(name)));
      const served = await overGrpc(name, effort, tonic);
      figures.push(...served.figures);
      remarks.push(...served.remarks);
    }
    figures.push(...(await big(effort)));
    return { figures, remarks: [...remarks, ...profileRemarks(effort, SUITE)] };
  },
};

const app = (name: HusharWorkloadName, nodeArgs?: readonly string[]) => ({
  script: 'apps/hushar/main',
  env: { WORKLOAD: name },
  ...(nodeArgs && { nodeArgs }),
});
const named = (name: string, unit: string) => ({ suite: SUITE, name, unit });

/** Without a transport. */
async function inProcess(name: Small): Promise<Figure[]> {
  const spec = { script: 'yardsticks/hushar/loop', env: { WORKLOAD: name } };
  const { decode, whole } = (await withServers({ loop: spec }, ({ loop }) => loop.ask('measure'))) as HusharTimes;
  const compared = (pairs: readonly HusharPair[]) =>
    compareValues(
      pairs.map((pair) => pair.witanUs),
      pairs.map((pair) => pair.plainUs),
    );
  const limit = name === 'w3' ? atMost(1.25) : undefined;
  return [
    ratioFigure(named(`${name}: CPU time, decode`, 'us'), 'plain decoder', compared(decode)),
    ratioFigure(
      named(`${name}: CPU time, decode + gate + model + encode`, 'us'),
      'plain decoder + onnxruntime',
      compared(whole),
      limit,
    ),
  ];
}

async function overGrpc(name: Small, effort: Effort, tonic: Built): Promise<{ figures: Figure[]; remarks: string[] }> {
  const specs: Record<string, ServerSpec> = {
    witan: app(name, profileArgs(effort, SUITE)),
    plain: { script: 'yardsticks/hushar/plain-server', env: { WORKLOAD: name } },
    ...tonicHushar(tonic, name),
  };
  return withServers(specs, async (servers) => {
    const figures: Figure[] = [];
    for (const [connections, streams] of SHAPES) {
      const load = await loads(name, servers, { connections, streams, seconds: effort.seconds });
      await interleave(1, load);
      figures.push(...shapeFigures(`${name}, ${connections} x ${streams}`, await interleave(effort.rounds, load)));
    }
    return { figures, remarks: await modelRemarks(servers['witan']!) };
  });
}

type Seen = Readonly<Record<string, readonly Sample[]>>;

async function loads(name: Small, servers: Readonly<Record<string, ServerProcess>>, options: LoadOptions) {
  const contenders: Record<string, () => Promise<Sample>> = {};
  for (const [who, server] of Object.entries(servers)) {
    const request = await grpcRequest(server, HUSHAR_METHOD, husharWorkload(name));
    contenders[who] = () => sample(server, () => h2load(request, options));
  }
  return contenders;
}

function shapeFigures(shape: string, seen: Seen): Figure[] {
  const witan = seen['witan']!;
  const target = shape.startsWith('w3') ? atMost(1.25) : undefined;
  const beside = (who: string, yardstick: string, limit?: Figure['target']): Figure[] => {
    const other = seen[who];
    if (!other) return [];
    const cpu = compare(witan, other, (one) => one.cpuUs);
    const rate = compare(witan, other, (one) => one.requestsPerSecond);
    return [
      ratioFigure(named(`${shape}: CPU time a request`, 'us'), yardstick, cpu, limit),
      ratioFigure(named(`${shape}: throughput`, 'req/s'), yardstick, rate),
    ];
  };
  return [
    ...beside('plain', 'plain framing, decoder, onnxruntime', target),
    ...beside('tonic', 'tonic + prost into maps, no model'),
    plainFigure(named(`${shape}: p99`, 'ms'), Math.max(...witan.map((one) => one.p99Ms))),
    errorFigure(SUITE, shape, Object.values(seen).flat()),
  ];
}

/** A batch takes some 70 ms: shorter bursts would measure their own beginning and end. */
const burstSeconds = ({ seconds }: Effort): number => Math.max(4, 3 * seconds);

/** One row of W2 a request, beside onnxruntime alone at batch 64. */
async function big(effort: Effort): Promise<Figure[]> {
  const seconds = burstSeconds(effort);
  return withServers({ witan: app('w2'), limit: w2Loop(CALLERS, seconds) }, async ({ witan, limit }) => {
    const request = await grpcRequest(witan, HUSHAR_METHOD, husharWorkload('w2'));
    const load = () => h2load(request, { connections: CALLERS, seconds });
    const contenders = { witan: load, limit: () => limit.ask('measure') as Promise<OrtRate> };
    const seen = await interleave<keyof typeof contenders, LoadResult | OrtRate>(
      Math.ceil(effort.rounds / 2),
      contenders,
    );
    return bigFigures(seen.witan as LoadResult[], seen.limit as OrtRate[]);
  });
}

function bigFigures(witan: readonly LoadResult[], limit: readonly OrtRate[]): Figure[] {
  const shape = `w2, ${CALLERS} callers`;
  const rates = compareValues(
    witan.map((one) => one.requestsPerSecond),
    limit.map((one) => one.rowsPerSecond),
  );
  const p99 = compareValues(
    witan.map((one) => one.p99Ms),
    limit.map((one) => 2 * one.p50Ms),
  );
  return [
    ratioFigure(named(`${shape}: rows`, 'a second'), `in-process, batch ${CALLERS}`, rates, atLeast(0.9)),
    ratioFigure(named(`${shape}: p99`, 'ms'), 'two in-process runs', p99, atMost(1.3)),
    errorFigure(SUITE, shape, witan),
  ];
}
