// Summaries in this process: what the watch of a model does with a run's Frames, and a plain loop over the same values.
import { systemClock } from '@witan/core';
import { Frame } from '@witan/core/frame';
import { ModelSummaries } from '../../../packages/telemetry/dist/summary/model-summaries.js';
import { resolveSummary, type SummaryOptions } from '../../../packages/telemetry/dist/summary/summary-options.js';
import { announce } from '../process/control.js';
import { seededUniform } from '../workloads/random.js';

/** Nanoseconds of CPU time a value; the two sides of a pair are neighbours in time. */
export interface SummaryPair {
  readonly summaryNs: number;
  readonly loopNs: number;
}

export interface SummaryTimes {
  readonly name: string;
  readonly pairs: readonly SummaryPair[];
}

const PAIRS = 21;
const BLOCK_MS = 50;
const ROWS = 2048;
const ALL: SummaryOptions = { valuesPerSecond: 1e15 };
const random = seededUniform(11);

function frames(rows: number, columns: number, column: () => Float32Array | string[]): Frame[] {
  const named = () => Array.from({ length: columns }, (_, i) => [`feature_${i}`, column()] as const);
  return Array.from({ length: ROWS / rows }, () => Frame.fromColumns(Object.fromEntries(named())));
}

const floats = (rows: number) => () => Float32Array.from({ length: rows }, () => 4 * random());
const texts = (rows: number, kinds: number) => () =>
  Array.from({ length: rows }, () => `category-${Math.floor(random() * kinds)}`);

/** CPU time of this process: a core that others took for a while is not counted. */
function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Calls with each frame in turn for about BLOCK_MS; nanoseconds of CPU time a value. */
function block(all: readonly Frame[], call: (frame: Frame) => void): number {
  const values = all.reduce((sum, frame) => sum + frame.rows * frame.columns.size, 0);
  const start = cpuUs();
  let rounds = 0;
  let used = 0;
  while (used < BLOCK_MS * 1000) {
    for (const frame of all) call(frame);
    rounds++;
    used = cpuUs() - start;
  }
  return (used * 1000) / (rounds * values);
}

let kept = 0;
function loop(frame: Frame): void {
  for (const { data, length } of frame.columns.values()) {
    if (data instanceof Float32Array) for (let i = 0; i < length; i++) kept += data[i]!;
    else for (let i = 0; i < length; i++) kept += (data as readonly string[])[i]!.length;
  }
}

function times(name: string, all: readonly Frame[], options: SummaryOptions): SummaryTimes {
  const summaries = new ModelSummaries(resolveSummary(options), systemClock, (error) => console.error(error));
  const watch = (input: Frame): void => {
    const { rows } = input;
    summaries.observe({ model: 'm', version: '1', rows, startedAt: performance.now(), input, output: undefined });
  };
  const pair = (): SummaryPair => ({ loopNs: block(all, loop), summaryNs: block(all, watch) });
  for (let i = 0; i < 10; i++) pair();
  return { name, pairs: Array.from({ length: PAIRS }, pair) };
}

const measure = (): SummaryTimes[] => [
  times('numbers, 1 x 17, every row', frames(1, 17, floats(1)), ALL),
  times('numbers, 64 x 17, every row', frames(64, 17, floats(64)), ALL),
  times('texts of 20 kinds, 64 x 8, every row', frames(64, 8, texts(64, 20)), ALL),
  times('numbers, 1 x 17, as by default', frames(1, 17, floats(1)), {}),
  times('texts that are all new, 64 x 8, as by default', frames(64, 8, texts(64, 1e9)), {}),
];

announce({}, measure);
process.once('SIGTERM', () => process.exit(Number.isNaN(kept) ? 1 : 0));
