import { type CategoryState, CategorySummary } from './category-summary.js';
import { type NumberState, NumberSummary } from './number-summary.js';

/** What is known of one column. */
export type ColumnSummary = NumberSummary | CategorySummary;

/** A {@link ColumnSummary} as JSON, whole: it can be merged with others. */
export type ColumnState = NumberState | CategoryState;

export type SummaryKind = ColumnSummary['kind'];

/** How exact summaries are, and how much of each text column is kept. */
export interface Precision {
  /** Relative error of quantiles. */
  readonly accuracy: number;
  /** Texts with counts for each column; up to twice as many are held. */
  readonly topValues: number;
}

export function emptySummary(kind: SummaryKind, { accuracy, topValues }: Precision): ColumnSummary {
  return kind === 'number' ? new NumberSummary(accuracy) : new CategorySummary(topValues);
}

export function columnOfState(state: ColumnState): ColumnSummary {
  return state.kind === 'number' ? NumberSummary.of(state) : CategorySummary.of(state);
}

/** Whether two summaries can be merged and compared: of one kind and precision. */
export function areAlike(a: ColumnSummary, b: ColumnSummary): boolean {
  if (a.kind === 'number') return b.kind === 'number' && a.accuracy === b.accuracy;
  return b.kind === 'category';
}

/**
 * Takes what `other` saw into `into`.
 * @throws {TypeError} when they are not alike
 */
export function mergeInto(into: ColumnSummary, other: ColumnSummary): void {
  if (into.kind === 'number' && other.kind === 'number' && areAlike(into, other)) into.merge(other);
  else if (into.kind === 'category' && other.kind === 'category') into.merge(other);
  else throw new TypeError(`a summary of ${other.kind} values does not fit one of ${into.kind} values`);
}
