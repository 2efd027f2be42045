import type { Frame } from '@witan/core/frame';
import type { ColumnSummary } from '../column/column-summary.js';
import { summarizeFrame } from '../summarize-frame.js';
import type { FrameWatchOptions } from '../frame-watch.js';
import { summariesOf, type SummaryState } from '../summary-state.js';

/** What a model is compared with: all of its versions, so that a new one shows how it differs. */
export interface Baseline {
  /** `rows`: made of training rows; `recorded`: what a version saw. */
  readonly source: 'rows' | 'recorded';
  readonly sampledRows: number;
  readonly inputs: ReadonlyMap<string, ColumnSummary>;
  readonly outputs: ReadonlyMap<string, ColumnSummary>;
  /** Of a recorded one: which version's rows, from when to when. */
  readonly recorded?: Pick<RecordedBaseline, 'version' | 'from' | 'to'>;
}

/** A recorded baseline, as its file holds it. */
export interface RecordedBaseline extends SummaryState {
  readonly model: string;
  readonly version: string;
}

/** Training rows know nothing of inputs and outputs: each column stands for both. */
export function baselineOfFrame(frame: Frame<object>, options: FrameWatchOptions): Baseline {
  const columns = new Map(summarizeFrame(frame, options).map(({ name, summary }) => [name, summary]));
  return { source: 'rows', sampledRows: frame.rows, inputs: columns, outputs: columns };
}

export function baselineOfRecord({ version, from, to, sampledRows, inputs, outputs }: RecordedBaseline): Baseline {
  return {
    source: 'recorded',
    sampledRows,
    inputs: summariesOf(inputs),
    outputs: summariesOf(outputs),
    recorded: { version, from, to },
  };
}
