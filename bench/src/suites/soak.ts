import { dataFile } from '../paths.js';
import { childrenOf } from '../process/proc-stat.js';
import type { ServerProcess } from '../process/server-process.js';
import { withServers } from '../process/with-servers.js';
import { atMost, type Figure, plainFigure, type SuiteReport } from '../report/figure.js';
import { GrpcCaller } from '../soak/grpc-caller.js';
import { HttpCaller } from '../soak/http-caller.js';
import { SoakLoad } from '../soak/load.js';
import { Tally } from '../soak/tally.js';
import { median } from '../stats.js';
import type { Effort, Suite } from './suite.js';

const SUITE = 'soak';
const SOCKETS = 32;
const GRPC_CONNECTIONS = 4;
const CALIBRATION_SECONDS = 5;
const IN_FLIGHT = 64;
const KILL_EVERY_MS = 20_000;
const MEMORY_EVERY_MS = 3_000;
/** More than collections leave to chance. */
const FLAT = 1.05;

/** Half of what the server and this client do together, with faults: nothing may be lost, doubled or mixed up. */
export const soak: Suite = {
  name: SUITE,
  needs: [],
  onDemand: true,
  run: (effort) =>
    withServers(
      { server: { script: 'apps/soak/main', nodeArgs: ['--expose-gc'], logFile: dataFile('soak.log') } },
      ({ server }) => soakServer(server, effort),
    ),
};

async function soakServer(server: ServerProcess, { minutes }: Effort): Promise<SuiteReport> {
  const callers = [new HttpCaller(server.ports.http!, SOCKETS), new GrpcCaller(server.ports.grpc!, GRPC_CONNECTIONS)];
  const calibration = new Tally();
  const capacity = await new SoakLoad(callers, false).flatOut(IN_FLIGHT, CALIBRATION_SECONDS, calibration);
  const watch = new Watch(server);
  const tally = new Tally();
  await new SoakLoad(callers, true).paced(capacity / 2, minutes * 60, tally);
  watch.stop();
  for (const caller of callers) caller.close();
  const remarks = [
    `${Math.round(capacity / 2)} requests a second for ${minutes} min, half of what was reached; half over HTTP, half over gRPC`,
    `the process that runs one of the models was killed ${watch.kills} times`,
    ...[...calibration.examples, ...tally.examples].map((example) => `not as expected: ${example}`),
  ];
  return { figures: [...figures(tally), ...watch.figures()], remarks };
}

function figures(tally: Tally): Figure[] {
  const count = (name: string, value: number, zero = false): Figure =>
    plainFigure({ suite: SUITE, name, unit: '' }, value, zero ? atMost(0, 'value') : undefined);
  return [
    count('requests sent', tally.sent),
    count('answered rightly', tally.answered),
    count('refused as they should be', tally.refusedAsExpected),
    count('callers that left', tally.left),
    count('failed with the killed process', tally.killed),
    count('lost', tally.lost, true),
    count('answered twice', tally.doubled, true),
    count("answered with another request's numbers", tally.wrong, true),
    count('refused or answered against expectation', tally.unexpected, true),
  ];
}

/** Takes the server's memory, and kills the child process of its model, as time goes by. */
class Watch {
  kills = 0;
  private readonly rssMb: number[] = [];
  private readonly timers: readonly NodeJS.Timeout[];

  constructor(private readonly server: ServerProcess) {
    this.timers = [setInterval(() => void this.look(), MEMORY_EVERY_MS), setInterval(() => this.kill(), KILL_EVERY_MS)];
  }

  stop(): void {
    for (const timer of this.timers) clearInterval(timer);
  }

  figures(): Figure[] {
    const quarter = Math.floor(this.rssMb.length / 4);
    if (quarter === 0) return [];
    const early = median(this.rssMb.slice(quarter, 2 * quarter));
    const late = median(this.rssMb.slice(-quarter));
    const figure = plainFigure(
      { suite: SUITE, name: 'RSS after collection, last quarter over second', unit: '' },
      late / early,
      atMost(FLAT, 'value'),
    );
    return [{ ...figure, yardstick: { name: 'MB in the second quarter', value: early } }];
  }

  private async look(): Promise<void> {
    await this.server.ask('collect-garbage');
    this.rssMb.push(this.server.memory().rssMb);
  }

  private kill(): void {
    for (const child of childrenOf(this.server.pid)) {
      process.kill(child, 'SIGKILL');
      this.kills++;
    }
  }
}
