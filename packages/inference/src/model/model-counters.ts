import type { BatchSizeStatistic, DurationStatistic, ModelStatistics } from './model-statistics.js';

const NS_PER_MS = 1e6;
/** Batch sizes that are told apart; those beyond it count under the largest. */
const MAX_SIZES = 1_024;

/** A {@link DurationStatistic} while it counts, in milliseconds. */
class Duration {
  count = 0;
  ms = 0;

  get statistic(): DurationStatistic {
    return { count: this.count, ns: Math.round(this.ms * NS_PER_MS) };
  }

  add(ms: number): void {
    this.count++;
    this.ms += ms;
  }
}

/** The phases of the runs of one batch size. */
class Phases {
  readonly input = new Duration();
  readonly infer = new Duration();
  readonly output = new Duration();

  add(run: RunTimes, end: number): void {
    this.input.add(run.packed - run.begun);
    this.infer.add(run.answered - run.packed);
    this.output.add(end - run.answered);
  }
}

/** When one run began each of its phases, in milliseconds of the gate's clock. */
export interface RunTimes {
  begun: number;
  packed: number;
  answered: number;
}

/** Counts what a model does; a few additions for each batch and each request, and nothing is allocated. */
export class ModelCounters {
  inferenceCount = 0;
  executionCount = 0;
  lastInferenceMs = 0;
  private readonly success = new Duration();
  private readonly fail = new Duration();
  private readonly queue = new Duration();
  private readonly all = new Phases();
  private readonly sizes = new Map<number, Phases>();

  /** A request was answered, `waitedMs` of it in the queue. */
  answered(ms: number, waitedMs: number): void {
    this.success.add(ms);
    this.queue.add(waitedMs);
  }

  failed(ms: number): void {
    this.fail.add(ms);
  }

  ran(rows: number, run: RunTimes, end: number, epochMs: number): void {
    this.inferenceCount += rows;
    this.executionCount++;
    this.lastInferenceMs = epochMs;
    this.all.add(run, end);
    this.sizeOf(rows).add(run, end);
  }

  /** `refused`: requests that failed without a run. */
  statistics(refused: number): ModelStatistics {
    const { input, infer, output } = this.all;
    const fail = this.fail.statistic;
    return {
      lastInferenceMs: this.lastInferenceMs,
      inferenceCount: this.inferenceCount,
      executionCount: this.executionCount,
      success: this.success.statistic,
      fail: { ...fail, count: fail.count + refused },
      queue: this.queue.statistic,
      computeInput: input.statistic,
      computeInfer: infer.statistic,
      computeOutput: output.statistic,
      batches: [...this.sizes].sort(([a], [b]) => a - b).map(([size, phases]) => batchStatistic(size, phases)),
    };
  }

  private sizeOf(rows: number): Phases {
    const known = this.sizes.get(rows);
    if (known) return known;
    if (this.sizes.size >= MAX_SIZES) return this.sizes.get(Math.max(...this.sizes.keys()))!;
    const fresh = new Phases();
    this.sizes.set(rows, fresh);
    return fresh;
  }
}

function batchStatistic(batchSize: number, { input, infer, output }: Phases): BatchSizeStatistic {
  return {
    batchSize,
    computeInput: input.statistic,
    computeInfer: infer.statistic,
    computeOutput: output.statistic,
  };
}
