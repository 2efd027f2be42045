import type { LoadResult } from '../load/load-result.js';
import { wrk } from '../load/wrk.js';
import { compareValues } from '../measure/rounds.js';
import { httpAnswer } from '../measure/check-answer.js';
import { statSync } from 'node:fs';
import type { ServerProcess } from '../process/server-process.js';
import { withServers } from '../process/with-servers.js';
import { atMost, type Figure, plainFigure, ratioFigure } from '../report/figure.js';
import { median } from '../stats.js';
import { w1, W1_MODEL } from '../workloads/w1.js';
import { ensureWideModel } from '../workloads/wide.js';
import { errorFigure } from './error-figure.js';
import type { Effort, Suite } from './suite.js';

const SUITE = 'swap';
const CONNECTIONS = 16;
/** Between two swaps: a server does other things too. */
const PAUSE_MS = 300;
const CYCLES = 10;

interface Round {
  readonly before: LoadResult;
  readonly during: LoadResult;
  readonly swaps: readonly number[];
}

/** New versions that take over under load, beside the same load without; memory after a model was unloaded. */
export const swap: Suite = {
  name: SUITE,
  needs: ['wrk'],
  async run(effort) {
    const wide = ensureWideModel();
    const small = await rounds(effort, W1_MODEL);
    const large = await rounds(effort, wide);
    const figures = [...figuresOf('W1', small), ...figuresOf('68 MB', large), ...(await memoryFigures(wide))];
    const bursts = [...small, ...large].flatMap(({ before, during }) => [before, during]);
    const count = [...small, ...large].reduce((sum, { swaps }) => sum + swaps.length, 0);
    return { figures: [errorFigure(SUITE, `${count} swaps`, bursts), ...figures] };
  },
};

function rounds(effort: Effort, model: string): Promise<Round[]> {
  return withServers({ server: { script: 'apps/swap/main', env: { MODEL_FILE: model } } }, async ({ server }) => {
    const request = { url: server.httpUrl('swap'), bodyFile: w1().jsonFile };
    await httpAnswer(request);
    const seconds = Math.max(3, effort.seconds);
    await wrk(request, { connections: CONNECTIONS, seconds: 2 });
    const seen: Round[] = [];
    for (let round = 0; round < Math.ceil(effort.rounds / 2); round++) {
      const before = await wrk(request, { connections: CONNECTIONS, seconds });
      seen.push({ before, ...(await swapping(server, wrk(request, { connections: CONNECTIONS, seconds }))) });
    }
    return seen;
  });
}

/** Swaps for as long as the load goes on. */
async function swapping(server: ServerProcess, load: Promise<LoadResult>): Promise<Omit<Round, 'before'>> {
  const swaps: number[] = [];
  let isOver = false;
  const done = load.finally(() => (isOver = true));
  while (!isOver) {
    swaps.push((await server.ask('measure')) as number);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return { during: await done, swaps };
}

function figuresOf(what: string, seen: readonly Round[]): Figure[] {
  const named = (name: string, unit: string) => ({ suite: SUITE, name: `${what}, ${name}`, unit });
  const of = (quantity: (one: LoadResult) => number) =>
    compareValues(
      seen.map(({ during }) => quantity(during)),
      seen.map(({ before }) => quantity(before)),
    );
  const yardstick = 'the same load without swaps';
  return [
    ratioFigure(
      named(`p99 while versions are swapped, ${CONNECTIONS} connections`, 'ms'),
      yardstick,
      of(({ p99Ms }) => p99Ms),
      atMost(2),
    ),
    ratioFigure(
      named('throughput while versions are swapped', 'req/s'),
      yardstick,
      of(({ requestsPerSecond }) => requestsPerSecond),
    ),
    plainFigure(
      named('one swap, from the file in the store to the new version', 'ms'),
      median(seen.flatMap(({ swaps }) => swaps)),
    ),
  ];
}

/** Resident memory after unloading and loading a large model over and over. */
async function memoryFigures(model: string): Promise<Figure[]> {
  const env = { MODEL_FILE: model, WHAT: 'cycle' };
  const server = { script: 'apps/swap/main', env, nodeArgs: ['--expose-gc'] };
  const fileMb = statSync(model).size / 1e6;
  return withServers({ server }, async ({ server }) => {
    const rssMb = async (): Promise<number> => {
      await server.ask('measure');
      await server.ask('collect-garbage');
      return server.memory().rssMb;
    };
    const first = await rssMb();
    let last = first;
    for (let cycle = 0; cycle < CYCLES; cycle++) last = await rssMb();
    const named = { suite: SUITE, name: `RSS after ${CYCLES} more unloads and loads of 68 MB`, unit: 'MB' };
    return [
      ratioFigure(named, 'after the first', compareValues([last], [first]), atMost(1.2)),
      plainFigure(
        { ...named, name: 'RSS that each unload leaves behind' },
        (last - first) / CYCLES,
        atMost(fileMb / 20, 'value'),
      ),
    ];
  });
}
