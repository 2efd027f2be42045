import { h2load } from '../load/h2load.js';
import type { LoadOptions } from '../load/load-result.js';
import { compare, interleave } from '../measure/rounds.js';
import { type Sample, sample } from '../measure/sample.js';
import type { ServerProcess } from '../process/server-process.js';
import { withServers } from '../process/with-servers.js';
import { atMost, type Figure, ratioFigure, type Target } from '../report/figure.js';
import { GRPC_ECHO_METHOD } from '../yardsticks/grpc-method.js';
import { errorFigure } from './error-figure.js';
import { grpcRequest } from './grpc-tiny.js';
import { profileArgs, profileRemarks } from './profile.js';
import type { Effort, Suite } from './suite.js';

const SUITE = 'grpc-echo';
const WARM_UP_SECONDS = 2;

const CONTENDERS = ['witan', 'grpcJs', 'nodeHttp2'] as const;
type Name = (typeof CONTENDERS)[number];
type Servers = Readonly<Record<Name, ServerProcess>>;

/** Connections, calls in flight on each, and what CPU time may be of grpc-js's and of node:http2's. */
const SHAPES: readonly (readonly [number, number, Target | undefined, Target | undefined])[] = [
  [4, 16, atMost(1 / 6), atMost(1 / 5)],
  [32, 1, atMost(1 / 4), undefined],
  [1, 1, undefined, undefined],
];

/** The gRPC server alone: a message of 230 bytes is sent back, beside grpc-js and node:http2 on bytes. */
export const grpcEcho: Suite = {
  name: SUITE,
  needs: ['h2load'],
  async run(effort) {
    const specs = {
      witan: { script: 'yardsticks/witan-grpc-echo', nodeArgs: profileArgs(effort, SUITE) },
      grpcJs: { script: 'yardsticks/grpc-echo' },
      nodeHttp2: { script: 'yardsticks/node-http2-echo' },
    };
    const figures = await withServers(specs, (servers) => measure(servers, effort));
    return { figures, remarks: profileRemarks(effort, SUITE) };
  },
};

async function measure(servers: Servers, effort: Effort): Promise<Figure[]> {
  const requests = {
    witan: await grpcRequest(servers.witan, GRPC_ECHO_METHOD),
    grpcJs: await grpcRequest(servers.grpcJs, GRPC_ECHO_METHOD),
    nodeHttp2: await grpcRequest(servers.nodeHttp2, GRPC_ECHO_METHOD),
  };
  const loads = (options: LoadOptions): Record<Name, () => Promise<Sample>> => {
    const load = (name: Name) => () => sample(servers[name], () => h2load(requests[name], options));
    return { witan: load('witan'), grpcJs: load('grpcJs'), nodeHttp2: load('nodeHttp2') };
  };
  await interleave(1, loads({ connections: 32, streams: 1, seconds: WARM_UP_SECONDS }));
  const figures: Figure[] = [];
  for (const [connections, streams, beGrpcJs, beHttp2] of SHAPES) {
    const seen = await interleave(effort.rounds, loads({ connections, streams, seconds: effort.seconds }));
    figures.push(...shapeFigures(`${connections} x ${streams}`, seen, beGrpcJs, beHttp2));
  }
  return figures;
}

function shapeFigures(
  shape: string,
  { witan, grpcJs, nodeHttp2 }: Readonly<Record<Name, readonly Sample[]>>,
  beGrpcJs: Target | undefined,
  beHttp2: Target | undefined,
): Figure[] {
  const named = (name: string, unit: string) => ({ suite: SUITE, name: `${name}, ${shape}`, unit });
  const cpu = (one: Sample): number => one.cpuUs;
  return [
    ratioFigure(named('CPU time a call', 'us'), 'grpc-js', compare(witan, grpcJs, cpu), beGrpcJs),
    ratioFigure(named('CPU time a call', 'us'), 'node:http2', compare(witan, nodeHttp2, cpu), beHttp2),
    ratioFigure(
      named('throughput', 'calls/s'),
      'grpc-js',
      compare(witan, grpcJs, (one) => one.requestsPerSecond),
    ),
    ratioFigure(
      named('p99', 'ms'),
      'grpc-js',
      compare(witan, grpcJs, (one) => one.p99Ms),
    ),
    errorFigure(SUITE, shape, [...witan, ...grpcJs, ...nodeHttp2]),
  ];
}
