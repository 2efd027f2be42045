/** Names and values by which the series of one instrument are told apart. */
export type Labels = Readonly<Record<string, string>>;

export type MetricKind = 'counter' | 'updown' | 'gauge' | 'histogram';

/** What an instrument measures. */
export interface MetricDescriptor {
  /** OpenTelemetry's form: `http.server.request.duration`, `witan.batch.rows`. */
  readonly name: string;
  readonly kind: MetricKind;
  /** UCUM, as OpenTelemetry writes it: `s`, `By`, `{request}`, `1`. */
  readonly unit: string;
  readonly description: string;
  /** Of a histogram: the buckets' upper bounds, inclusive, rising. */
  readonly bounds?: readonly number[];
}

/** One request that stands for a bucket, so that a trace of it can be found. */
export interface Exemplar {
  readonly value: number;
  readonly epochMs: number;
  readonly traceId: string;
  readonly spanId: string;
}

/** A counter's sum, or what a gauge showed last. */
export interface NumberPoint {
  readonly labels: Labels;
  /** Since when it counts. */
  readonly startEpochMs: number;
  readonly value: number;
}

export interface HistogramPoint {
  readonly labels: Labels;
  readonly startEpochMs: number;
  readonly count: number;
  readonly sum: number;
  /** Of all since `startEpochMs` (of a delta: since the beginning too). `NaN` while there are none. */
  readonly min: number;
  readonly max: number;
  /** One more than there are bounds: what is above the last one. Not cumulative. */
  readonly counts: ArrayLike<number>;
  /** By bucket; holes where there is none. */
  readonly exemplars: readonly (Exemplar | undefined)[] | undefined;
}

export interface NumberMetric {
  readonly descriptor: MetricDescriptor & { readonly kind: 'counter' | 'updown' | 'gauge' };
  readonly points: readonly NumberPoint[];
}

export interface HistogramMetric {
  readonly descriptor: MetricDescriptor & { readonly kind: 'histogram'; readonly bounds: readonly number[] };
  readonly points: readonly HistogramPoint[];
}

export type Metric = NumberMetric | HistogramMetric;

/** All that was counted, as it is at one moment. A copy: nothing in it changes any more. */
export interface MetricSnapshot {
  readonly epochMs: number;
  /** Sums since the process began, or since the same reader's last snapshot. */
  readonly temporality: 'cumulative' | 'delta';
  readonly metrics: readonly Metric[];
}

export function isHistogram(metric: Metric): metric is HistogramMetric {
  return metric.descriptor.kind === 'histogram';
}
