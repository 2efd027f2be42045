import { wireCallBytes, wireLoad } from '../load/wire/wire-load.js';
import { compare, interleave } from '../measure/rounds.js';
import { type Sample, sample } from '../measure/sample.js';
import { withServers } from '../process/with-servers.js';
import { atLeast, type Figure, ratioFigure } from '../report/figure.js';
import { GRPC_ECHO_METHOD } from '../yardsticks/grpc-method.js';
import { profileArgs, profileRemarks } from './profile.js';
import type { Suite } from './suite.js';

const SUITE = 'grpc-tls';
const MESSAGE_BYTES = 230;
const PATH = `/${GRPC_ECHO_METHOD}`;
const SHAPES = [
  [4, 16],
  [32, 1],
] as const;

/**
 * The echo over TLS, beside node:tls that sends back what it reads. Both get the same load from the same client: as many
 * bytes a call, in as many writes; the yardstick does not look at them.
 */
export const grpcTls: Suite = {
  name: SUITE,
  needs: [],
  async run(effort) {
    const specs = {
      witan: { script: 'yardsticks/witan-grpc-echo', env: { TLS: '1' }, nodeArgs: profileArgs(effort, SUITE) },
      tls: { script: 'yardsticks/socket-echo', env: { TLS: '1' } },
    };
    const figures = await withServers(specs, async (servers) => {
      const figures: Figure[] = [];
      for (const [connections, streams] of SHAPES) {
        const load = (name: keyof typeof specs) => (): Promise<Sample> => {
          const kind = name === 'witan' ? 'grpc' : 'plain';
          const where = { kind, port: servers[name].ports.grpc!, path: PATH, tls: true } as const;
          const options = { ...where, connections, streams, seconds: effort.seconds, messageBytes: MESSAGE_BYTES };
          return sample(servers[name], () => wireLoad(options));
        };
        const loads = { witan: load('witan'), tls: load('tls') };
        await interleave(1, loads);
        figures.push(...shapeFigures(`${connections} x ${streams}`, await interleave(effort.rounds, loads)));
      }
      return figures;
    });
    const bytes = `a call has ${wireCallBytes(PATH, MESSAGE_BYTES)} bytes`;
    return { figures, remarks: [bytes, ...profileRemarks(effort, SUITE)] };
  },
};

function shapeFigures(shape: string, { witan, tls }: Readonly<Record<'witan' | 'tls', readonly Sample[]>>): Figure[] {
  const named = (name: string, unit: string) => ({ suite: SUITE, name: `${name}, ${shape}`, unit });
  const perCpuSecond = compare(witan, tls, (one) => 1e6 / one.cpuUs);
  const rate = compare(witan, tls, (one) => one.requestsPerSecond);
  const p99 = compare(witan, tls, (one) => one.p99Ms);
  return [
    ratioFigure(named('calls per CPU second', ''), 'node:tls', perCpuSecond, atLeast(0.8)),
    ratioFigure(named('throughput', 'calls/s'), 'node:tls', rate, atLeast(0.8)),
    ratioFigure(named('p99', 'ms'), 'node:tls', p99),
  ];
}
