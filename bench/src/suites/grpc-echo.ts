import { findGhz, ghzLoad } from '../load/ghz.js';
import { h2load } from '../load/h2load.js';
import type { LoadOptions } from '../load/load-result.js';
import { compare, interleave } from '../measure/rounds.js';
import { type Sample, sample } from '../measure/sample.js';
import type { ServerProcess } from '../process/server-process.js';
import { type ServerSpec, withServers } from '../process/with-servers.js';
import { atMost, type Figure, ratioFigure, type Target } from '../report/figure.js';
import { payload } from '../workloads/payload.js';
import { GRPC_ECHO_METHOD } from '../yardsticks/grpc-method.js';
import { buildTonic, tonicRemarks } from '../yardsticks/tonic/build-tonic.js';
import { tonicEcho } from '../yardsticks/tonic/tonic-specs.js';
import { errorFigure } from './error-figure.js';
import { grpcRequest } from './grpc-tiny.js';
import { profileArgs, profileRemarks } from './profile.js';
import type { Effort, Suite } from './suite.js';

const SUITE = 'grpc-echo';
const WARM_UP_SECONDS = 2;

/** By yardstick, what CPU time may be of its. */
type Targets = Readonly<Record<string, Target>>;
/** Connections, and calls in flight on each. */
const SHAPES: readonly (readonly [number, number, Targets])[] = [
  [4, 16, { grpcJs: atMost(1 / 6), nodeHttp2: atMost(1 / 5), tonic: atMost(0.6) }],
  [32, 1, { grpcJs: atMost(1 / 4), tonic: atMost(1.1) }],
  [1, 1, {}],
];
const YARDSTICKS: Readonly<Record<string, string>> = { grpcJs: 'grpc-js', nodeHttp2: 'node:http2', tonic: 'tonic' };
/** Calls a second that both can answer with time to spare. */
const EQUAL_RATE = 8000;

type Seen = Readonly<Record<string, readonly Sample[]>>;

/** The gRPC server alone: a message of 230 bytes is sent back, beside grpc-js and node:http2 on bytes, and tonic. */
export const grpcEcho: Suite = {
  name: SUITE,
  needs: ['h2load'],
  async run(effort) {
    const tonic = buildTonic();
    const specs: Record<string, ServerSpec> = {
      witan: { script: 'yardsticks/witan-grpc-echo', nodeArgs: profileArgs(effort, SUITE) },
      grpcJs: { script: 'yardsticks/grpc-echo' },
      nodeHttp2: { script: 'yardsticks/node-http2-echo' },
      ...tonicEcho(tonic),
    };
    const ghz = findGhz();
    const figures = await withServers(specs, async (servers) => {
      const byH2load = await measure(servers, effort);
      return 'path' in ghz ? [...byH2load, ...(await byGhz(ghz.path, servers, effort))] : byH2load;
    });
    const remarks = [...tonicRemarks(tonic), ...('missing' in ghz ? [`no second client: ${ghz.missing}`] : [])];
    return { figures, remarks: [...remarks, ...profileRemarks(effort, SUITE)] };
  },
};

type Loads = (options: LoadOptions, names: readonly string[]) => Record<string, () => Promise<Sample>>;

async function measure(servers: Readonly<Record<string, ServerProcess>>, effort: Effort): Promise<Figure[]> {
  const message = payload();
  const bursts: Record<string, (options: LoadOptions) => Promise<Sample>> = {};
  for (const [name, server] of Object.entries(servers)) {
    const request = await grpcRequest(server, GRPC_ECHO_METHOD, message);
    bursts[name] = (options) => sample(server, () => h2load(request, options));
  }
  const loads: Loads = (options, names) =>
    Object.fromEntries(names.map((name) => [name, () => bursts[name]!(options)]));
  const all = Object.keys(servers);
  await interleave(1, loads({ connections: 32, streams: 1, seconds: WARM_UP_SECONDS }, all));
  const figures: Figure[] = [];
  for (const [connections, streams, targets] of SHAPES) {
    const options = { connections, streams, seconds: effort.seconds };
    const seen = await interleave(effort.rounds, loads(options, all));
    figures.push(...shapeFigures(`${connections} x ${streams}`, seen, targets));
  }
  if (servers['tonic'] !== undefined) figures.push(...(await equalLoad(loads, effort)));
  return figures;
}

function shapeFigures(shape: string, seen: Seen, targets: Targets): Figure[] {
  const named = (name: string, unit: string) => ({ suite: SUITE, name: `${name}, ${shape}`, unit });
  const figures: Figure[] = [];
  for (const [key, yardstick] of Object.entries(YARDSTICKS)) {
    const other = seen[key];
    if (other === undefined) continue;
    const cpu = compare(seen['witan']!, other, (one) => one.cpuUs);
    const rate = compare(seen['witan']!, other, (one) => one.requestsPerSecond);
    figures.push(
      ratioFigure(named('CPU time a call', 'us'), yardstick, cpu, targets[key]),
      ratioFigure(named('throughput', 'calls/s'), yardstick, rate),
    );
  }
  return [...figures, errorFigure(SUITE, shape, Object.values(seen).flat())];
}

/** How long calls take when both servers get as many of them. */
async function equalLoad(loads: Loads, effort: Effort): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [connections, streams] of SHAPES.slice(0, 2)) {
    const options = { connections, streams, rate: EQUAL_RATE, seconds: effort.seconds };
    const seen = await interleave(effort.rounds, loads(options, ['witan', 'tonic']));
    const p99 = compare(seen['witan']!, seen['tonic']!, (one) => one.p99Ms);
    const name = `p99 at ${EQUAL_RATE} calls/s, ${connections} x ${streams}`;
    figures.push(ratioFigure({ suite: SUITE, name, unit: 'ms' }, 'tonic', p99, atMost(1)));
  }
  return figures;
}

/** The same by grpc-go's client: whether it is the client that makes the difference. */
async function byGhz(ghz: string, servers: Readonly<Record<string, ServerProcess>>, effort: Effort): Promise<Figure[]> {
  const [connections, streams] = SHAPES[0]!;
  const options = { connections, streams, seconds: effort.seconds };
  const { message } = payload();
  const bursts = Object.entries(servers).map(([name, server]) => [
    name,
    () => sample(server, () => ghzLoad(ghz, server.ports.grpc!, message, options)),
  ]);
  const seen = await interleave(effort.rounds, Object.fromEntries(bursts) as Record<string, () => Promise<Sample>>);
  return shapeFigures(`${connections} x ${streams} by ghz`, seen, {});
}
