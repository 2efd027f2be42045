import { readFileSync } from 'node:fs';
import type { HttpRequest } from '../load/wrk.js';
import { wrk } from '../load/wrk.js';
import { modelRemarks } from '../measure/model-remarks.js';
import { compare, interleave } from '../measure/rounds.js';
import { type Sample, sample } from '../measure/sample.js';
import type { ServerProcess } from '../process/server-process.js';
import { withServers } from '../process/with-servers.js';
import { atMost, type Figure, ratioFigure } from '../report/figure.js';
import { tensorRequests } from '../workloads/tensor.js';
import { errorFigure } from './error-figure.js';
import { profileArgs, profileRemarks } from './profile.js';
import type { Effort, Suite } from './suite.js';

const SUITE = 'oip';
const CONNECTIONS = 32;
const WARM_UP_SECONDS = 2;

/** The models, and how many rows of them a request has. */
const SIZES = [
  { model: 'w1', rows: 1, width: 16 },
  { model: 'w3', rows: 32, width: 230 },
] as const;

type Servers = Readonly<Record<'binary' | 'arrow' | 'json' | 'plain', ServerProcess>>;

/** The Open Inference Protocol over HTTP, beside the typed route's Arrow form and beside Fastify with onnxruntime. */
export const oip: Suite = {
  name: SUITE,
  needs: ['wrk'],
  async run(effort) {
    const app = { script: 'apps/oip/main' };
    // A process for each form: one form's traffic must not shape the code that V8 makes for another.
    const specs = {
      binary: { ...app, nodeArgs: profileArgs(effort, SUITE) },
      arrow: app,
      json: app,
      plain: { script: 'yardsticks/fastify-onnx' },
    };
    const report = await withServers(specs, async (servers) => {
      const figures: Figure[] = [];
      for (const size of SIZES) figures.push(...(await measure(servers, size, effort)));
      return { figures, remarks: await modelRemarks(servers.binary) };
    });
    return { ...report, remarks: [...report.remarks, ...profileRemarks(effort, SUITE)] };
  },
};

async function measure(
  servers: Servers,
  { model, rows, width }: (typeof SIZES)[number],
  effort: Effort,
): Promise<Figure[]> {
  const { json, binary, arrow } = tensorRequests(`oip-${model}`, rows, width);
  const infer = `v2/models/${model}/infer`;
  const requests: Record<keyof Servers, HttpRequest> = {
    binary: { url: servers.binary.httpUrl(infer), ...binary },
    arrow: { url: servers.arrow.httpUrl(model), ...arrow },
    json: { url: servers.json.httpUrl(infer), ...json },
    plain: { url: servers.plain.httpUrl(model), ...json },
  };
  await checkSame(requests.json, requests.plain);
  const bursts = (seconds: number) => {
    const burst = (name: keyof Servers) => () =>
      sample(servers[name], () => wrk(requests[name], { connections: CONNECTIONS, seconds }));
    return { binary: burst('binary'), arrow: burst('arrow'), json: burst('json'), plain: burst('plain') };
  };
  await interleave(1, bursts(WARM_UP_SECONDS));
  const seen = await interleave(effort.rounds, bursts(effort.seconds));
  const cpuUs = (one: Sample): number => one.cpuUs;
  const named = (name: string) => ({
    suite: SUITE,
    name: `CPU time a request, ${name}, ${rows} x ${width}`,
    unit: 'us',
  });
  return [
    ratioFigure(named('binary'), 'typed route, Arrow', compare(seen.binary, seen.arrow, cpuUs), atMost(1.25)),
    ratioFigure(named('JSON'), 'Fastify, JSON.parse, onnxruntime', compare(seen.json, seen.plain, cpuUs), atMost(2)),
    errorFigure(SUITE, `${rows} x ${width}`, Object.values(seen).flat()),
  ];
}

/** Speed of wrong answers is worth nothing. */
async function checkSame(request: HttpRequest, yardstick: HttpRequest): Promise<void> {
  const [got, wanted] = await Promise.all([request, yardstick].map(outputOf));
  const same = wanted!.every((value, i) => Math.abs(value - got![i]!) <= 1e-4 * Math.max(1, Math.abs(value)));
  if (!same || got!.length !== wanted!.length) throw new Error(`${request.url} answered ${got}, onnxruntime ${wanted}`);
}

async function outputOf({ url, bodyFile }: HttpRequest): Promise<readonly number[]> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: readFileSync(bodyFile!) });
  const answer = (await response.json()) as { outputs?: readonly { data: readonly number[] }[] };
  if (!answer.outputs) throw new Error(`${url} answered ${response.status}: ${JSON.stringify(answer)}`);
  return answer.outputs[0]!.data;
}
