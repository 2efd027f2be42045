import { isHistogram, type HistogramPoint, type Metric, type MetricSnapshot, type NumberPoint } from './snapshot.js';

type Point = NumberPoint | HistogramPoint;

/** Reads deltas: each `collect` gives what came since the one before. One for each exporter. */
export class DeltaReader {
  private before = new Map<string, Point>();
  private readAt: number | undefined;

  constructor(private readonly cumulative: () => MetricSnapshot) {}

  collect(): MetricSnapshot {
    const now = this.cumulative();
    const seen = new Map<string, Point>();
    const metrics = now.metrics.map((metric) => this.since(metric, seen));
    this.before = seen;
    this.readAt = now.epochMs;
    return { epochMs: now.epochMs, temporality: 'delta', metrics };
  }

  /** Gauges, and what goes up and down, are as they are. */
  private since(metric: Metric, seen: Map<string, Point>): Metric {
    const { name, kind } = metric.descriptor;
    if (isHistogram(metric)) {
      const points = metric.points.map((point) => this.each(name, point, seen, histogramSince));
      return { ...metric, points };
    }
    if (kind !== 'counter') return metric;
    return { ...metric, points: metric.points.map((point) => this.each(name, point, seen, numberSince)) };
  }

  private each<P extends Point>(name: string, point: P, seen: Map<string, Point>, since: (now: P, before: P) => P): P {
    const key = `${name} ${JSON.stringify(point.labels)}`;
    seen.set(key, point);
    const before = this.before.get(key) as P | undefined;
    const startEpochMs = this.readAt ?? point.startEpochMs;
    return { ...(before ? since(point, before) : point), startEpochMs };
  }
}

/** What has become less was begun anew. */
function numberSince(now: NumberPoint, before: NumberPoint): NumberPoint {
  return now.value < before.value ? now : { ...now, value: now.value - before.value };
}

function histogramSince(now: HistogramPoint, before: HistogramPoint): HistogramPoint {
  if (now.count < before.count) return now;
  const counts = Array.from(now.counts, (count, i) => count - (before.counts[i] ?? 0));
  const exemplars = now.exemplars?.map((exemplar, i) => (exemplar === before.exemplars?.[i] ? undefined : exemplar));
  return { ...now, count: now.count - before.count, sum: now.sum - before.sum, counts, exemplars };
}
