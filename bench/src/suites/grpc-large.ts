import { wireLoad, wireCallBytes } from '../load/wire/wire-load.js';
import { compare, interleave } from '../measure/rounds.js';
import { type Sample, sample } from '../measure/sample.js';
import { withServers } from '../process/with-servers.js';
import { atLeast, type Figure, ratioFigure } from '../report/figure.js';
import { GRPC_ECHO_METHOD } from '../yardsticks/grpc-method.js';
import { profileArgs, profileRemarks } from './profile.js';
import type { Effort, Suite } from './suite.js';

const SUITE = 'grpc-large';
const MIB = 2 ** 20;
const MESSAGE_BYTES = 64 * MIB;
const PATH = `/${GRPC_ECHO_METHOD}`;
/** A message takes some 100 ms: shorter bursts would measure their own beginning and end. */
const burstSeconds = ({ seconds }: Effort): number => Math.max(3, seconds);

/**
 * Messages of 64 MiB, sent back one after the other on one connection, beside a bare socket that does the same, and one
 * that sends every read back at once: it needs no memory for a message, which a unary method cannot do without.
 */
export const grpcLarge: Suite = {
  name: SUITE,
  needs: [],
  async run(effort) {
    const specs = {
      witan: { script: 'yardsticks/witan-grpc-echo', nodeArgs: profileArgs(effort, SUITE) },
      socket: { script: 'yardsticks/socket-echo', env: { WHOLE: String(wireCallBytes(PATH, MESSAGE_BYTES)) } },
      stream: { script: 'yardsticks/socket-echo' },
    };
    const seen = await withServers(specs, async (servers) => {
      const load = (name: keyof typeof specs, seconds: number) => (): Promise<Sample> => {
        const kind = name === 'witan' ? 'grpc' : 'plain';
        const where = { kind, port: servers[name].ports.grpc!, path: PATH, tls: false } as const;
        const options = { ...where, connections: 1, seconds, messageBytes: MESSAGE_BYTES };
        return sample(servers[name], () => wireLoad(options));
      };
      const loads = (seconds: number) => ({
        witan: load('witan', seconds),
        socket: load('socket', seconds),
        stream: load('stream', seconds),
      });
      await interleave(1, loads(1));
      return interleave(effort.rounds, loads(burstSeconds(effort)));
    });
    return { figures: figuresOf(seen), remarks: profileRemarks(effort, SUITE) };
  },
};

function figuresOf({
  witan,
  socket,
  stream,
}: Readonly<Record<'witan' | 'socket' | 'stream', readonly Sample[]>>): Figure[] {
  const rate = (one: Sample): number => (one.requestsPerSecond * MESSAGE_BYTES) / MIB;
  const cpu = (one: Sample): number => one.cpuUs / 1000;
  const named = (name: string, unit: string) => ({ suite: SUITE, name, unit });
  const whole = 'bare socket, message by message';
  const through = 'bare socket, read by read';
  return [
    ratioFigure(named('64 MiB, each way', 'MiB/s'), whole, compare(witan, socket, rate), atLeast(0.8)),
    ratioFigure(named('64 MiB, each way', 'MiB/s'), through, compare(witan, stream, rate)),
    ratioFigure(named('64 MiB, CPU time a message', 'ms'), whole, compare(witan, socket, cpu)),
    ratioFigure(named('64 MiB, CPU time a message', 'ms'), through, compare(witan, stream, cpu)),
  ];
}
