import { readFileSync } from 'node:fs';
import { compareValues } from '../measure/rounds.js';
import { ServerProcess } from '../process/server-process.js';
import { withServers } from '../process/with-servers.js';
import { atMost, plainFigure, ratioFigure } from '../report/figure.js';
import { median } from '../stats.js';
import { GRPC_ECHO_METHOD } from '../yardsticks/grpc-method.js';
import type { Suite } from './suite.js';

const SUITE = 'grpc-idle';
const CONNECTIONS = 10_000;
const KILOBYTES_EACH = 20;
/** Files that a process has open besides. */
const OTHER_FILES = 200;
/** What has become garbage lies there until its pages are given back. */
const SETTLE_MS = 1000;

/** What a connection takes that has made one call and waits, beside one of a bare socket. */
export const grpcIdle: Suite = {
  name: SUITE,
  needs: [],
  async run(effort) {
    const connections = Math.min(CONNECTIONS, maxOpenFiles() - OTHER_FILES);
    const rounds = effort.quick ? 1 : 3;
    const witan: number[] = [];
    const socket: number[] = [];
    for (let round = 0; round < rounds; round++) {
      witan.push(await kilobytesEach('yardsticks/witan-grpc-echo', 'grpc', connections));
      socket.push(await kilobytesEach('yardsticks/socket-echo', 'plain', connections));
    }
    const named = { suite: SUITE, name: `memory of an idle connection, ${connections} of them`, unit: 'kB' };
    const figures = [
      plainFigure(named, median(witan), atMost(KILOBYTES_EACH, 'value')),
      ratioFigure(named, 'bare socket', compareValues(witan, socket)),
    ];
    return { figures, ...(connections < CONNECTIONS && { remarks: ['this user may not open more files'] }) };
  },
};

/** The server's resident memory with all connections less that with none, by connection. */
function kilobytesEach(script: string, KIND: string, connections: number): Promise<number> {
  return withServers({ server: { script, nodeArgs: ['--expose-gc'] } }, async ({ server }) => {
    const env = { KIND, PORT: String(server.ports.grpc), CALL_PATH: `/${GRPC_ECHO_METHOD}` };
    const before = await settledMb(server);
    const holder = await ServerProcess.start('load/wire/idle-holder', {
      env: { ...env, CONNECTIONS: String(connections) },
    });
    try {
      const open = (await holder.ask('measure')) as number;
      if (open !== connections) throw new Error(`${open} of ${connections} connections are open`);
      return ((await settledMb(server)) - before) * (1000 / connections);
    } finally {
      await holder.stop();
    }
  });
}

async function settledMb(server: ServerProcess): Promise<number> {
  await server.ask('collect-garbage');
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  await server.ask('collect-garbage');
  return server.memory().rssMb;
}

function maxOpenFiles(): number {
  const limit = /^Max open files +\d+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
  return Number(limit ?? Infinity);
}
