import type { MetricDescriptor } from '../metrics/snapshot.js';

/** UCUM's units as Prometheus writes them; `{request}` and the like, and what is not here, are left away. */
const UNITS: Readonly<Record<string, string>> = {
  s: 'seconds',
  ms: 'milliseconds',
  By: 'bytes',
};

/**
 * The name of an instrument in Prometheus, by OpenTelemetry's rules: dots become underscores, the unit stands behind the
 * name, `1` is `ratio` of a gauge. Without the `_total` of counters.
 */
export function familyName({ name, unit, kind }: MetricDescriptor): string {
  const base = escaped(name);
  const suffix = unit === '1' ? (kind === 'gauge' ? 'ratio' : undefined) : UNITS[unit];
  return suffix === undefined || base.endsWith(`_${suffix}`) ? base : `${base}_${suffix}`;
}

/** What the samples of a counter are called. */
export function counterName(family: string): string {
  return family.endsWith('_total') ? family : `${family}_total`;
}

export function labelName(name: string): string {
  return escaped(name);
}

function escaped(name: string): string {
  const text = name.replace(/[^a-zA-Z0-9_]+/g, '_');
  return /^[0-9]/.test(text) ? `_${text}` : text;
}
