import type { LoadOptions } from '../load/load-result.js';
import { type GrpcRequest, h2load } from '../load/h2load.js';
import { modelRemarks } from '../measure/model-remarks.js';
import { compare, interleave } from '../measure/rounds.js';
import { type Sample, sample } from '../measure/sample.js';
import { unaryCall } from '../measure/unary-call.js';
import type { ServerProcess } from '../process/server-process.js';
import { withServers } from '../process/with-servers.js';
import { atLeast, type Figure, ratioFigure } from '../report/figure.js';
import type { Workload } from '../workloads/request.js';
import { w1 } from '../workloads/w1.js';
import { GRPC_ECHO_METHOD } from '../yardsticks/grpc-method.js';
import { errorFigure } from './error-figure.js';
import { profileArgs, profileRemarks } from './profile.js';
import type { Effort, Suite } from './suite.js';

const SUITE = 'grpc-tiny';
export const W1_METHOD = 'w1.v1.W1Service/Predict';
const PLAIN_METHOD = 'plain.v1.PlainService/Predict';
/** Connections, and calls in flight on each. */
const SHAPES = [
  [32, 1],
  [64, 1],
  [4, 16],
  [1, 1],
] as const;
const WARM_UP_SECONDS = 2;
const GRPC_HEADER_BYTES = 5;

type Name = 'witan' | 'plain' | 'codec' | 'raw';
type Servers = Readonly<Record<Name, ServerProcess>>;

/** The tiny model over the generated gRPC service, beside grpc-js with the same codec and with none; neither runs a model. */
export const grpcTiny: Suite = {
  name: SUITE,
  needs: ['h2load'],
  async run(effort) {
    const specs = {
      witan: { script: 'apps/w1/main', nodeArgs: profileArgs(effort, SUITE) },
      // In a process of its own: one service's traffic must not shape the code that V8 makes for the other.
      plain: { script: 'apps/w1/main' },
      codec: { script: 'yardsticks/grpc-codec' },
      raw: { script: 'yardsticks/grpc-echo' },
    };
    const report = await withServers(specs, async (servers) => {
      const remarks = await modelRemarks(servers.witan);
      return { figures: await measure(servers, effort), remarks };
    });
    return { ...report, remarks: [...report.remarks, ...profileRemarks(effort, SUITE)] };
  },
};

async function measure(servers: Servers, effort: Effort): Promise<Figure[]> {
  const load = async (server: ServerProcess, method: string) => {
    const request = await grpcRequest(server, method);
    return (options: LoadOptions) => () => sample(server, () => h2load(request, options));
  };
  const witan = await load(servers.witan, W1_METHOD);
  const plain = await load(servers.plain, PLAIN_METHOD);
  const codec = await load(servers.codec, GRPC_ECHO_METHOD);
  const raw = await load(servers.raw, GRPC_ECHO_METHOD);
  const at = (connections: number, streams: number, seconds: number) => {
    const options = { connections, streams, seconds };
    return { witan: witan(options), plain: plain(options), codec: codec(options), raw: raw(options) };
  };
  await interleave(1, at(SHAPES[0][0], SHAPES[0][1], WARM_UP_SECONDS));
  const figures: Figure[] = [];
  for (const [connections, streams] of SHAPES) {
    const seen = await interleave(effort.rounds, at(connections, streams, effort.seconds));
    figures.push(...shapeFigures(`${connections} x ${streams}`, connections === 1, seen));
  }
  return figures;
}

/** Calls once: the answer's size tells good answers from failed calls under load. */
export async function grpcRequest(
  server: ServerProcess,
  method: string,
  { message, grpcFile }: Pick<Workload, 'message' | 'grpcFile'> = w1(),
): Promise<GrpcRequest> {
  const answer = await unaryCall(`127.0.0.1:${server.ports.grpc}`, method, message);
  return { url: server.grpcUrl(method), bodyFile: grpcFile, answerBytes: answer.length + GRPC_HEADER_BYTES };
}

function shapeFigures(
  shape: string,
  alone: boolean,
  { witan, plain, codec, raw }: Readonly<Record<Name, readonly Sample[]>>,
): Figure[] {
  const named = (name: string, unit: string) => ({ suite: SUITE, name: `${name}, ${shape}`, unit });
  const rate = named('throughput', 'req/s');
  const cpu = named('CPU time a request', 'us');
  return [
    ratioFigure(
      rate,
      'grpc-js, same codec',
      compare(witan, codec, (one) => one.requestsPerSecond),
      alone ? undefined : atLeast(0.85),
    ),
    ratioFigure(
      rate,
      'grpc-js, bytes',
      compare(witan, raw, (one) => one.requestsPerSecond),
    ),
    ratioFigure(
      cpu,
      'grpc-js, same codec',
      compare(witan, codec, (one) => one.cpuUs),
    ),
    ratioFigure(
      named('CPU time without gate and model', 'us'),
      'grpc-js, same codec',
      compare(plain, codec, (one) => one.cpuUs),
    ),
    ratioFigure(
      named('p50', 'ms'),
      'grpc-js, same codec',
      compare(witan, codec, (one) => one.p50Ms),
    ),
    errorFigure(SUITE, shape, [...witan, ...plain, ...codec, ...raw]),
  ];
}
