import { type ColumnState, columnOfState, type ColumnSummary, mergeInto } from './column/column-summary.js';
import type { NamedSummary } from './frame-watch.js';

/** The columns of one side of a model, by name. */
export type SideState = Readonly<Record<string, { readonly dtype: string; readonly state: ColumnState }>>;

/** A summary of a model's rows as JSON, whole: it can be kept, compared and merged. */
export interface SummaryState {
  readonly format: 'witan-summary/1';
  /** When the first and the last of its rows came; ISO 8601. */
  readonly from: string;
  readonly to: string;
  /** Rows that came, and those of them that were looked at. */
  readonly rows: number;
  readonly sampledRows: number;
  readonly inputs: SideState;
  readonly outputs: SideState;
}

export const STATE_FORMAT = 'witan-summary/1';

export function sideState(summaries: readonly NamedSummary[]): SideState {
  return Object.fromEntries(
    summaries.map(({ name, dtype, summary }) => [name, { dtype: dtype.name, state: summary.toState() }]),
  );
}

/** A side's summaries, by column. */
export function summariesOf(side: SideState): Map<string, ColumnSummary> {
  return new Map(Object.entries(side).map(([name, { state }]) => [name, columnOfState(state)]));
}

/**
 * What several processes saw, as if one had seen it all: counts, moments, extremes and quantile sketches are those of
 * the union; counts of texts too low by at most the sum of their errors.
 * @throws {TypeError} when a column holds numbers in one and texts in another, or was summarised with another accuracy
 */
export function mergeSummaries(a: SummaryState, b: SummaryState): SummaryState {
  return {
    format: STATE_FORMAT,
    from: a.from < b.from ? a.from : b.from,
    to: a.to > b.to ? a.to : b.to,
    rows: a.rows + b.rows,
    sampledRows: a.sampledRows + b.sampledRows,
    inputs: mergeSides(a.inputs, b.inputs),
    outputs: mergeSides(a.outputs, b.outputs),
  };
}

function mergeSides(a: SideState, b: SideState): SideState {
  const merged = new Map(Object.entries(a));
  for (const [name, column] of Object.entries(b)) {
    const other = merged.get(name);
    merged.set(name, other ? { dtype: other.dtype, state: mergeStates(other.state, column.state) } : column);
  }
  return Object.fromEntries(merged);
}

function mergeStates(a: ColumnState, b: ColumnState): ColumnState {
  const both = columnOfState(a);
  mergeInto(both, columnOfState(b));
  return both.toState();
}
