import { type Batch, BatchGate, type BatchOptions, type Clock } from '@witan/core';
import { Frame } from '@witan/core/frame';
import type { Runner } from '../runner/runner.js';
import type { TensorMap } from '../tensor/tensor.js';
import { inferChannel } from './infer-channel.js';
import { inferEvent, notePhases } from './infer-told.js';
import type { ModelRunOptions } from './model.js';
import type { ModelCounters, RunTimes } from './model-counters.js';

export interface TensorRunsParts {
  readonly runner: Runner;
  readonly counters: ModelCounters;
  readonly clock: Clock;
  readonly model: string;
  readonly version: string;
  /** For messages. */
  readonly who: string;
  /** Its `maxQueueRows` says how many runs may wait. */
  readonly batch: BatchOptions | false;
}

interface TensorRun {
  readonly feeds: TensorMap;
  readonly outputs: readonly string[];
  answer: TensorMap | undefined;
}

/** What the gate counts one run as. */
const ONE = new Frame(new Map(), 1);
/** As many as rows of a gate with its defaults. */
const DEFAULT_MAX_QUEUED = 4_096;

/**
 * Runs of tensors as they are, each by itself. They wait at a gate too, which runs nothing that nobody waits for any
 * more, and refuses what would wait behind too many others: a runner's own queue has no end.
 */
export class TensorRuns {
  /** Its rows are runs. */
  readonly gate: BatchGate<TensorRun>;

  constructor(private readonly parts: TensorRunsParts) {
    const { runner, batch, clock, who } = parts;
    const maxQueueRows = (batch ? batch.maxQueueRows : undefined) ?? DEFAULT_MAX_QUEUED;
    this.gate = new BatchGate<TensorRun>(
      (runs) => this.execute(runs),
      { maxRows: 1, maxQueueRows, coalesce: 'off', bisect: false, concurrency: runner.concurrency },
      { clock, name: who, fixedLayout: true },
    );
  }

  get isBusy(): boolean {
    const { queuedRequests, inFlight } = this.gate.stats();
    return queuedRequests + inFlight > 0;
  }

  /** Requests that failed without a run. */
  get refused(): number {
    const { refusedFull, refusedLate, expired, cancelled } = this.gate.stats();
    return refusedFull + refusedLate + expired + cancelled;
  }

  /**
   * @throws {CORE_ERR_BATCH_QUEUE_FULL | CORE_ERR_BATCH_CLOSED | CORE_ERR_DEADLINE | CORE_ERR_CANCELLED} (rejects) unrun.
   * @throws what the runner throws (rejects)
   */
  async run(feeds: TensorMap, outputs: readonly string[], options: ModelRunOptions): Promise<TensorMap> {
    const { context, signal } = options;
    const caller = context && 'aborted' in context ? context : undefined;
    const deadline = options.deadline ?? (caller ? undefined : context?.deadline);
    const run: TensorRun = { feeds, outputs, answer: undefined };
    await this.gate.submit({ frame: ONE, caller, signal, deadline, context: run, immediate: true });
    return run.answer!;
  }

  /** Gives whether all was answered in time. */
  drain(drainMs: number): Promise<boolean> {
    return this.gate.drain(drainMs);
  }

  private execute(batch: Batch<TensorRun>): Frame | Promise<Frame> {
    const run = batch.items[0]!.item.context!;
    try {
      const answer = this.parts.runner.run(run.feeds, run.outputs);
      if (!(answer instanceof Promise)) return this.finish(batch, answer);
      return answer.then(
        (tensors) => this.finish(batch, tensors),
        (error: unknown) => this.failed(batch, error),
      );
    } catch (error) {
      return this.failed(batch, error);
    }
  }

  private finish(batch: Batch<TensorRun>, answer: TensorMap): Frame {
    const { clock, counters } = this.parts;
    const { startedAt: begun } = batch;
    const { waiting, item } = batch.items[0]!;
    const answered = clock.now();
    const times: RunTimes = { begun, packed: begun, answered };
    item.context!.answer = answer;
    counters.ran(1, times, answered, clock.epochMs());
    counters.answered(answered - waiting.arrivedAt, begun - waiting.arrivedAt);
    notePhases(batch.phases, times, answered);
    if (inferChannel.hasSubscribers) this.publish(batch, times, undefined);
    return ONE;
  }

  private failed(batch: Batch<TensorRun>, error: unknown): never {
    const { startedAt: begun } = batch;
    const answered = this.parts.clock.now();
    this.parts.counters.failed(answered - batch.items[0]!.waiting.arrivedAt);
    if (inferChannel.hasSubscribers) this.publish(batch, { begun, packed: begun, answered }, error);
    throw error;
  }

  private publish(batch: Batch<TensorRun>, times: RunTimes, error: unknown): void {
    const { model, version } = this.parts;
    const raw = { rows: 1, requests: 1, input: undefined, output: undefined };
    inferChannel.publish(inferEvent({ model, version, ...raw, source: batch, error }, times, times.answered));
  }
}
