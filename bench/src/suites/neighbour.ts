import { wrk } from '../load/wrk.js';
import { compareValues } from '../measure/rounds.js';
import { httpAnswer } from '../measure/check-answer.js';
import type { LoopDelay } from '../process/control.js';
import type { ServerProcess } from '../process/server-process.js';
import { withServers } from '../process/with-servers.js';
import { atMost, type Figure, plainFigure, ratioFigure } from '../report/figure.js';
import { median } from '../stats.js';
import { w1 } from '../workloads/w1.js';
import { ensureW2Model, w2 } from '../workloads/w2.js';
import { errorFigure } from './error-figure.js';
import type { Effort, Suite } from './suite.js';

const SUITE = 'neighbour';
const HEAVY_CONNECTIONS = 64;
/** The heavy load begins before and ends after what is measured. */
const MARGIN_SECONDS = 2;

/** One burst on the light route, and how late the server's event loop came meanwhile. */
interface Light {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly errors: number;
  readonly delay: LoopDelay;
}

/** A light route of the server that is busy with W2, beside a bare node:http route beside two busy threads. */
export const neighbour: Suite = {
  name: SUITE,
  needs: ['wrk'],
  async run(effort) {
    ensureW2Model();
    const specs = {
      witan: { script: 'apps/w2/main' },
      bare: { script: 'yardsticks/node-http-echo', env: { BUSY_THREADS: '2' } },
    };
    const seen = await withServers({ witan: specs.witan }, ({ witan }) => rounds(effort, specs.bare, witan));
    return { figures: figures(seen.witan, seen.bare) };
  },
};

/** The yardstick's busy threads never rest, so that it lives only for its burst. */
async function rounds(effort: Effort, bareSpec: { script: string; env: Record<string, string> }, witan: ServerProcess) {
  const seen: Record<'witan' | 'bare', Light[]> = { witan: [], bare: [] };
  const seconds = Math.max(3, effort.seconds);
  await httpAnswer({ url: witan.httpUrl('light'), bodyFile: w1().jsonFile });
  for (let round = 0; round < Math.ceil(effort.rounds / 2); round++) {
    seen.bare.push(await withServers({ bare: bareSpec }, ({ bare }) => light(bare, 'echo', seconds)));
    const heavy = wrk(
      { url: witan.httpUrl('w2'), bodyFile: w2().jsonFile },
      { connections: HEAVY_CONNECTIONS, seconds: seconds + 3 * MARGIN_SECONDS },
    );
    await new Promise((resolve) => setTimeout(resolve, MARGIN_SECONDS * 1000));
    const one = await light(witan, 'light', seconds);
    seen.witan.push({ ...one, errors: one.errors + (await heavy).errors });
  }
  return seen;
}

async function light(server: ServerProcess, path: string, seconds: number): Promise<Light> {
  const request = { url: server.httpUrl(path), bodyFile: w1().jsonFile };
  await wrk(request, { connections: 1, seconds: 1 });
  await server.ask('loop-delay:reset');
  const { p50Ms, p99Ms, errors } = await wrk(request, { connections: 1, seconds });
  return { p50Ms, p99Ms, errors, delay: await server.loopDelay() };
}

function figures(witan: readonly Light[], bare: readonly Light[]): Figure[] {
  const named = (name: string) => ({ suite: SUITE, name, unit: 'ms' });
  const of = (quantity: (one: Light) => number) => compareValues(witan.map(quantity), bare.map(quantity));
  const delays = of((one) => one.delay.p99Ms);
  const caused = median(witan.map((one, index) => one.delay.p99Ms - bare[index]!.delay.p99Ms));
  const yardstick = 'node:http beside two busy threads';
  return [
    ratioFigure(
      named('p99 of a light route, 1 connection'),
      yardstick,
      of((one) => one.p99Ms),
      atMost(2),
    ),
    ratioFigure(
      named('p50 of a light route, 1 connection'),
      yardstick,
      of((one) => one.p50Ms),
    ),
    ratioFigure(named('event-loop delay, p99'), yardstick, delays),
    plainFigure(named('event-loop delay that we cause, p99'), caused, atMost(2, 'value')),
    errorFigure(SUITE, 'all bursts', [...witan, ...bare]),
  ];
}
