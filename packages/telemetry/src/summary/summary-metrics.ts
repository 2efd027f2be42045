import type { InstrumentDefinition } from '../metrics/instrument.js';
import type { Metric, NumberPoint } from '../metrics/snapshot.js';
import type { ColumnAlarm } from './drift/version-drift.js';
import type { ModelSummaries } from './model-summaries.js';

/** Points of one instrument: columns with the highest scores, if there are more. */
const MAX_POINTS = 1000;

interface Seen extends ColumnAlarm {
  readonly model: string;
  readonly version: string;
}

type Gauge = readonly [name: string, description: string, valueOf: (alarm: ColumnAlarm) => number | undefined];

const GAUGES: readonly Gauge[] = [
  ['witan.drift.psi', 'Population stability index of a column against its baseline', ({ drift }) => drift.psi?.value],
  ['witan.drift.ks', 'Kolmogorov-Smirnov distance of a column from its baseline', ({ drift }) => drift.ks?.distance],
  [
    'witan.drift.cramers_v',
    "Cramér's V of a text column against its baseline",
    ({ drift }) => drift.chiSquare?.cramersV,
  ],
  ['witan.drift.raised', '1: the column counts as drifted', ({ isRaised }) => (isRaised ? 1 : 0)],
];

const ROWS = 'Rows that models ran, by whether summaries looked at them';
const ROW_LABELS = ['model', 'version', 'sampled'] as const;

/** The instruments that summaries have. */
export const SUMMARY_INSTRUMENTS: readonly InstrumentDefinition[] = [
  ...GAUGES.map(([name, description]): InstrumentDefinition => ({
    name,
    kind: 'gauge',
    unit: '{score}',
    description,
    labels: ['model', 'version', 'side', 'column'],
  })),
  { name: 'witan.summary.rows', kind: 'counter', unit: '{row}', description: ROWS, labels: ROW_LABELS },
];

/** What summaries say as metrics: the last complete window's tests of each column that has a baseline. */
export function summaryMetrics(summaries: ModelSummaries, startEpochMs: number): Metric[] {
  const seen: Seen[] = [];
  for (const { watch, drift } of summaries.shelf.all()) {
    for (const alarm of drift.all()) seen.push({ ...alarm, model: watch.model, version: watch.version });
  }
  const worst = seen.sort((a, b) => b.drift.score - a.drift.score).slice(0, MAX_POINTS);
  return [...GAUGES.map((gauge) => gaugeOf(gauge, worst, startEpochMs)), rowsOf(summaries, startEpochMs)].filter(
    ({ points }) => points.length > 0,
  );
}

function gaugeOf([name, description, valueOf]: Gauge, seen: readonly Seen[], startEpochMs: number): Metric {
  const points = seen.flatMap((alarm): NumberPoint[] => {
    const value = valueOf(alarm);
    const { model, version, side, column } = alarm;
    return value === undefined ? [] : [{ labels: { model, version, side, column }, startEpochMs, value }];
  });
  return { descriptor: { name, kind: 'gauge', unit: '{score}', description }, points };
}

function rowsOf(summaries: ModelSummaries, startEpochMs: number): Metric {
  const points = [...summaries.shelf.all()].flatMap(({ watch }): NumberPoint[] => {
    const { rows, sampledRows } = watch.stretch('start')!;
    const { model, version } = watch;
    return [
      { labels: { model, version, sampled: 'true' }, startEpochMs, value: sampledRows },
      { labels: { model, version, sampled: 'false' }, startEpochMs, value: rows - sampledRows },
    ];
  });
  const { labels: _, ...descriptor } = SUMMARY_INSTRUMENTS.at(-1)!;
  return { descriptor: { ...descriptor, kind: 'counter' }, points };
}
