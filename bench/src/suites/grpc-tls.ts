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

type Name = 'witan' | 'framed' | 'bytes';

/**
 * The echo over TLS, beside node:tls with the least framing that sends the same answers, and with none: bytes sent back
 * as they are read. All get the same load from the same client, which has as many bytes a call, and as many calls in a
 * write, whatever the server speaks.
 */
export const grpcTls: Suite = {
  name: SUITE,
  needs: [],
  async run(effort) {
    const specs = {
      witan: { script: 'yardsticks/witan-grpc-echo', env: { TLS: '1' }, nodeArgs: profileArgs(effort, SUITE) },
      framed: { script: 'yardsticks/framed-tls-echo' },
      bytes: { script: 'yardsticks/socket-echo', env: { TLS: '1' } },
    };
    const figures = await withServers(specs, async (servers) => {
      const figures: Figure[] = [];
      for (const [connections, streams] of SHAPES) {
        const load = (name: Name) => (): Promise<Sample> => {
          const kind = name === 'bytes' ? 'plain' : 'grpc';
          const where = { kind, port: servers[name].ports.grpc!, path: PATH, tls: true } as const;
          const options = { ...where, connections, streams, seconds: effort.seconds, messageBytes: MESSAGE_BYTES };
          return sample(servers[name], () => wireLoad(options));
        };
        const loads = { witan: load('witan'), framed: load('framed'), bytes: load('bytes') };
        await interleave(1, loads);
        figures.push(...shapeFigures(`${connections} x ${streams}`, await interleave(effort.rounds, loads)));
      }
      return figures;
    });
    const bytes = `a call has ${wireCallBytes(PATH, MESSAGE_BYTES)} bytes`;
    return { figures, remarks: [bytes, ...profileRemarks(effort, SUITE)] };
  },
};

function shapeFigures(shape: string, { witan, framed, bytes }: Readonly<Record<Name, readonly Sample[]>>): Figure[] {
  const named = (name: string, unit: string) => ({ suite: SUITE, name: `${name}, ${shape}`, unit });
  const perCpuSecond = (one: Sample): number => 1e6 / one.cpuUs;
  const rate = (one: Sample): number => one.requestsPerSecond;
  const tls = 'node:tls, least framing';
  return [
    ratioFigure(named('calls per CPU second', ''), tls, compare(witan, framed, perCpuSecond), atLeast(0.8)),
    ratioFigure(named('throughput', 'calls/s'), tls, compare(witan, framed, rate), atLeast(0.8)),
    ratioFigure(named('calls per CPU second', ''), 'node:tls, bytes', compare(witan, bytes, perCpuSecond)),
    ratioFigure(
      named('p99', 'ms'),
      tls,
      compare(witan, framed, (one) => one.p99Ms),
    ),
  ];
}
