import type { Clock } from '@witan/core';
import type { WindowName } from './column/column-watch.js';
import { type ColumnBudget, FrameWatch, valuesPerRow } from './frame-watch.js';
import type { InferEvent } from '../events/infer-event.js';
import { RowSampler } from './row-sampler.js';
import type { ResolvedSummaryOptions } from './summary-options.js';
import { sideState, STATE_FORMAT, type SummaryState } from './summary-state.js';

/** What is read of a run of a model. */
export type ObservedRun = Pick<InferEvent, 'model' | 'version' | 'rows' | 'startedAt' | 'input' | 'output'>;

/** The rows of a stretch of time. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly rows: number;
  readonly sampledRows: number;
}

/** What one version of a model was given and answered. */
export class VersionWatch {
  readonly inputs: FrameWatch;
  readonly outputs: FrameWatch;
  readonly budget: ColumnBudget;
  /** Frames whose rows were not those of the run. */
  skippedFrames = 0;
  /** When it last ran, by the clock's milliseconds. */
  lastMs = 0;
  private readonly sampler = new RowSampler();
  private readonly sinceMs: number;
  private fromMs: number;
  private rows = 0;
  private sampledRows = 0;
  private pastRows = 0;
  private pastSampledRows = 0;
  private lastStretch: Stretch | undefined;
  /** 0: not known yet. */
  private valuesPerRow = 0;

  constructor(
    readonly model: string,
    readonly version: string,
    private readonly options: ResolvedSummaryOptions,
    private readonly clock: Clock,
  ) {
    this.sinceMs = clock.epochMs();
    this.fromMs = this.sinceMs;
    this.budget = { left: options.maxVersionColumns, skippedValues: 0 };
    this.inputs = new FrameWatch(options, this.budget);
    this.outputs = new FrameWatch(options, this.budget);
  }

  /** Columns that are summarised. */
  get columns(): number {
    return this.options.maxVersionColumns - this.budget.left;
  }

  /** Takes the rows of a run, or a sample of them. */
  take({ rows, startedAt, input, output }: ObservedRun, valuesPerSecond: number): void {
    this.lastMs = startedAt;
    this.rows += rows;
    if (this.valuesPerRow === 0 || this.inputs.isUneven || this.outputs.isUneven)
      this.valuesPerRow = Math.max(1, this.valuesPerRow, valuesPerRow(input) + valuesPerRow(output));
    const count = this.sampler.pick(rows, startedAt, Math.max(1, valuesPerSecond / this.valuesPerRow));
    if (count === 0) return;
    this.sampledRows += count;
    const { picked } = this.sampler;
    let values = 0;
    if (input?.rows === rows) values += this.inputs.take(input, picked, count);
    else if (input) this.skippedFrames++;
    if (output?.rows === rows) values += this.outputs.take(output, picked, count);
    else if (output) this.skippedFrames++;
    this.valuesPerRow = Math.max(1, values / count);
  }

  /** `undefined`: there has been no such window yet. */
  stretch(window: WindowName): Stretch | undefined {
    const toMs = this.clock.epochMs();
    const { rows, sampledRows, pastRows, pastSampledRows } = this;
    if (window === 'last') return this.lastStretch;
    if (window === 'current') return { fromMs: this.fromMs, toMs, rows, sampledRows };
    return { fromMs: this.sinceMs, toMs, rows: pastRows + rows, sampledRows: pastSampledRows + sampledRows };
  }

  state(window: WindowName): SummaryState | undefined {
    const stretch = this.stretch(window);
    return (
      stretch && {
        format: STATE_FORMAT,
        from: new Date(stretch.fromMs).toISOString(),
        to: new Date(stretch.toMs).toISOString(),
        rows: stretch.rows,
        sampledRows: stretch.sampledRows,
        inputs: sideState(this.inputs.summaries(window)),
        outputs: sideState(this.outputs.summaries(window)),
      }
    );
  }

  /** Ends the current window, if it has `minRows` sampled rows; says whether it did. */
  rotate(minRows: number): boolean {
    if (this.sampledRows < minRows) return false;
    this.inputs.rotate();
    this.outputs.rotate();
    this.lastStretch = this.stretch('current');
    this.pastRows += this.rows;
    this.pastSampledRows += this.sampledRows;
    this.rows = 0;
    this.sampledRows = 0;
    this.fromMs = this.clock.epochMs();
    return true;
  }
}
