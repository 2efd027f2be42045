import type { Frame } from '@witan/core';
import type { LogRecord } from '../sink/log-record.js';
import { compareFrames } from './compare-frames.js';
import { replayError } from './replay.errors.js';
import { addComparison, addFailure, emptyReport, type ReplayReport } from './replay-report.js';
import { serverTarget, type ServerTargetOptions } from './server-target.js';
import type { ToleranceOption } from './tolerance.js';

/** Answers a logged input again: a model's `run`, or anything else. */
export type ReplayAnswer = (input: Frame, record: LogRecord, signal: AbortSignal) => Frame | Promise<Frame>;

/** Options of `replay`. */
export interface ReplayOptions {
  /** How far floats may lie apart; everything else must be the same. @default `DEFAULT_TOLERANCE` of each dtype */
  readonly tolerance?: ToleranceOption;
  /** Records that are answered at a time; as many are in memory. @default 4 */
  readonly concurrency?: number;
  /** No more records than this are read. @default all */
  readonly limit?: number;
  /** Records that are left out are not counted. @default none is */
  readonly filter?: (record: LogRecord) => boolean;
  /** Differences and failures that are kept as examples. @default 10 */
  readonly maxExamples?: number;
  /** Called for every answer, also those that are the same; `output`: of this time. */
  readonly onAnswer?: (record: LogRecord, output: Frame) => void;
  /** Ends the replay: what was not read then is not in the report. */
  readonly signal?: AbortSignal;
}

/**
 * Runs logged inputs through a service or a model again and compares what comes out with what was logged. Reads record
 * by record: memory does not grow with the number of records.
 * @param records of `readRecords`, or of anywhere else
 * @param target a service's address, or a function such as `(input) => model.run(input)`
 * @throws {SINK_ERR_REPLAY} when an option makes no sense
 * @throws {SINK_ERR_SOURCE} when the records cannot be read
 * @example
 * const report = await replay(readRecords('logs'), { url: 'http://127.0.0.1:3000/predictions/iris?version=4' });
 */
export async function replay(
  records: AsyncIterable<LogRecord> | Iterable<LogRecord>,
  target: ServerTargetOptions | ReplayAnswer,
  options: ReplayOptions = {},
): Promise<ReplayReport> {
  const { concurrency = 4, limit = Infinity } = options;
  for (const [name, value] of Object.entries({ concurrency, limit }))
    if (!(value >= 1)) throw replayError('SINK_ERR_REPLAY', `${name} is ${value}: it must be at least 1`);
  const run = new Replay(typeof target === 'function' ? target : serverTarget(target), options);
  const source = (async function* () {
    yield* records;
  })();
  const workers = Array.from({ length: Math.min(concurrency, limit) }, () => run.work(source, limit));
  try {
    await Promise.all(workers);
  } catch (error) {
    run.stop(error);
    await Promise.allSettled(workers);
    throw error;
  } finally {
    await source.return();
  }
  return run.report;
}

class Replay {
  readonly report = emptyReport();
  private readonly ended = new AbortController();
  private readonly signal: AbortSignal;

  constructor(
    private readonly answer: ReplayAnswer,
    private readonly options: ReplayOptions,
  ) {
    this.signal = options.signal ? AbortSignal.any([options.signal, this.ended.signal]) : this.ended.signal;
  }

  stop(reason: unknown): void {
    this.ended.abort(reason);
  }

  async work(source: AsyncGenerator<LogRecord>, limit: number): Promise<void> {
    while (!this.signal.aborted && this.report.records < limit) {
      const { value: record, done } = await source.next();
      if (done || this.report.records >= limit) return;
      if (this.options.filter && !this.options.filter(record)) continue;
      this.report.records++;
      await this.one(record);
    }
  }

  private async one(record: LogRecord): Promise<void> {
    const { report } = this;
    const { maxExamples = 10, tolerance, onAnswer } = this.options;
    const { input, output: logged } = record;
    if (!input || input.rows === 0 || record.error) return void report.skipped++;
    let output: Frame;
    try {
      output = await this.answer(input, record, this.signal);
    } catch (error) {
      // Given up, not failed.
      if (this.signal.aborted) return void report.records--;
      return addFailure(report, record, error, maxExamples);
    }
    onAnswer?.(record, output);
    if (!logged) return void report.uncompared++;
    addComparison(report, record, compareFrames(logged, output, tolerance, maxExamples - report.examples.length));
  }
}
