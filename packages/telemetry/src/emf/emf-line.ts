import type { CountedValues } from './distribution.js';

export type EmfUnit = 'Milliseconds' | 'Microseconds' | 'Count' | 'Percent';

/** One metric of a line. */
export interface EmfMetric {
  readonly name: string;
  readonly unit: EmfUnit;
  readonly value: number | readonly number[] | CountedValues;
}

export interface EmfLineParts {
  readonly namespace: string;
  readonly epochMs: number;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly metrics: readonly EmfMetric[];
}

/** One document of the embedded metric format, without a line's end. */
export function emfLine({ namespace, epochMs, dimensions, metrics }: EmfLineParts): string {
  const directive = {
    Namespace: namespace,
    Dimensions: [Object.keys(dimensions)],
    Metrics: metrics.map(({ name, unit }) => ({ Name: name, Unit: unit })),
  };
  return JSON.stringify({
    _aws: { Timestamp: Math.max(0, Math.round(epochMs)), CloudWatchMetrics: [directive] },
    ...dimensions,
    ...Object.fromEntries(metrics.map(({ name, value }) => [name, value])),
  });
}

const MAX_DIMENSION_CHARS = 250;
const NOT_ASCII = /[^\x20-\x7e]/g;

/** A dimension's value as CloudWatch takes it: ASCII, with something in it, and not too long. */
export function dimensionValue(text: string): string {
  const clean = text.slice(0, MAX_DIMENSION_CHARS).replace(NOT_ASCII, '?').trim();
  return clean === '' ? 'none' : clean;
}
