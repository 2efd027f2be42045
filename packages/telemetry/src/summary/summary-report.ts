import type { Baseline } from './baseline/baseline.js';
import { type Side, SIDES } from './column-path.js';
import type { CategorySummary } from './column/category-summary.js';
import type { ColumnSummary } from './column/column-summary.js';
import type { WindowName } from './column/column-watch.js';
import { DISTINCT_ERROR } from './column/hyper-log-log.js';
import type { NumberSummary } from './column/number-summary.js';
import type { ColumnDrift } from './drift/compare-columns.js';
import type { ModelSummaries } from './model-summaries.js';
import type { ShelvedVersion } from './version-shelf.js';

/** One column's figures, as people read them. */
export interface NumberReport {
  readonly kind: 'number';
  readonly cells: number;
  readonly nulls: number;
  readonly count: number;
  readonly nan: number;
  readonly positiveInfinities: number;
  readonly negativeInfinities: number;
  /** `null` here and below: there are too few values. */
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
  readonly variance: number | null;
  readonly quantiles: Readonly<Record<string, number | null>>;
  /** Relative, of the quantiles. */
  readonly quantileError: number;
}

export interface CategoryReport {
  readonly kind: 'category';
  readonly cells: number;
  readonly nulls: number;
  readonly count: number;
  readonly distinct: number;
  /** Standard error of `distinct`, relative; 0: it is exact. */
  readonly distinctError: number;
  readonly top: readonly { readonly value: string; readonly count: number }[];
  /** By how much a count may be too low. */
  readonly countError: number;
}

export type ColumnReport = (NumberReport | CategoryReport) & {
  readonly dtype: string;
  readonly baseline?: NumberReport | CategoryReport;
  /** This window beside the baseline. */
  readonly drift?: ColumnDrift & {
    /** Whether the last complete window left it raised. */
    readonly raised: boolean;
  };
};

/** What `GET /models/:m/summary` answers. */
export interface SummaryReport {
  readonly model: string;
  readonly version: string;
  /** All versions that there are summaries of. */
  readonly versions: readonly string[];
  readonly window: WindowName;
  readonly from: string;
  readonly to: string;
  /** Rows that ran, and those of them that the columns tell of. */
  readonly rows: number;
  readonly sampledRows: number;
  readonly inputs: Readonly<Record<string, ColumnReport>>;
  readonly outputs: Readonly<Record<string, ColumnReport>>;
  readonly baseline?: Pick<Baseline, 'source' | 'sampledRows' | 'recorded'>;
  /** What there was no room for. */
  readonly skipped: {
    /** Values of columns beyond `maxVersionColumns`, or that changed their type. */
    readonly values: number;
    /** Frames whose rows were not those of the run. */
    readonly frames: number;
    /** Versions of all models that made room for others. */
    readonly versions: number;
  };
}

const QUANTILES = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

/** `undefined`: there has been no such window. */
export function reportOf(
  summaries: ModelSummaries,
  version: ShelvedVersion,
  window: WindowName,
): SummaryReport | undefined {
  const { watch } = version;
  const stretch = watch.stretch(window);
  if (!stretch) return undefined;
  const baseline = summaries.baselineOf(watch.model);
  const [inputs, outputs] = SIDES.map((side) => sideReport(summaries, version, side, window)) as [SideOf, SideOf];
  return {
    model: watch.model,
    version: watch.version,
    versions: summaries.shelf.versionsOf(watch.model),
    window,
    from: new Date(stretch.fromMs).toISOString(),
    to: new Date(stretch.toMs).toISOString(),
    rows: stretch.rows,
    sampledRows: stretch.sampledRows,
    inputs,
    outputs,
    ...(baseline && { baseline: baselineReport(baseline) }),
    skipped: {
      values: watch.budget.skippedValues,
      frames: watch.skippedFrames,
      versions: summaries.shelf.dropped,
    },
  };
}

type SideOf = SummaryReport['inputs'];

function sideReport(summaries: ModelSummaries, version: ShelvedVersion, side: Side, window: WindowName): SideOf {
  const then = summaries.baselineOf(version.watch.model)?.[side === 'input' ? 'inputs' : 'outputs'];
  const { topValues } = summaries.options;
  const columns = summaries.columnsOf(version, side, window).map((column): [string, ColumnReport] => {
    const was = then?.get(column.name);
    const drift = summaries.driftOf(version, side, column);
    const raised = version.drift.of(side, column.name)?.isRaised ?? false;
    const report = {
      dtype: column.dtype.name,
      ...figuresOf(column.summary, topValues),
      ...(was && { baseline: figuresOf(was, topValues) }),
      ...(drift && { drift: { ...drift, raised } }),
    };
    return [column.name, report];
  });
  return Object.fromEntries(columns);
}

function figuresOf(summary: ColumnSummary, topValues: number): NumberReport | CategoryReport {
  return summary.kind === 'number' ? numbers(summary) : categories(summary, topValues);
}

function numbers(summary: NumberSummary): NumberReport {
  const { kind, cells, nulls, count, nan, positiveInfinities, negativeInfinities, min, max, quantiles } = summary;
  const isEmpty = count === 0;
  return {
    kind,
    cells,
    nulls,
    count,
    nan,
    positiveInfinities,
    negativeInfinities,
    min: isEmpty ? null : min,
    max: isEmpty ? null : max,
    mean: finite(summary.mean),
    variance: finite(summary.variance),
    quantiles: Object.fromEntries(
      QUANTILES.map((q) => [`p${String(q * 100).padStart(2, '0')}`, quantiles.quantile(q) ?? null]),
    ),
    quantileError: summary.accuracy,
  };
}

/** `null` too for what overflowed. */
function finite(value: number | undefined): number | null {
  return Number.isFinite(value) ? value! : null;
}

function categories(summary: CategorySummary, topValues: number): CategoryReport {
  const { kind, cells, nulls, count, distinct, maxError } = summary;
  const top = summary.top().slice(0, topValues);
  return {
    kind,
    cells,
    nulls,
    count,
    distinct,
    distinctError: summary.isDistinctExact ? 0 : DISTINCT_ERROR,
    top: top.map(([value, times]) => ({ value, count: times })),
    countError: maxError,
  };
}

function baselineReport({ source, sampledRows, recorded }: Baseline): SummaryReport['baseline'] {
  return { source, sampledRows, ...(recorded && { recorded }) };
}
