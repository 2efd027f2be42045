import type { HrTime } from '@opentelemetry/api';
import type { DataPoint, DataPointType, Histogram, MetricData } from '@opentelemetry/sdk-metrics';
import type { HistogramMetric, HistogramPoint, Metric, MetricSnapshot, NumberMetric } from '../metrics/snapshot.js';
import { isHistogram } from '../metrics/snapshot.js';
import { hrTime } from '../traces/span-data.js';

/** OpenTelemetry's numbers for kinds of points and for temporality. */
const POINT = { histogram: 0, gauge: 2, sum: 3 } as const;
const TEMPORALITY = { delta: 0, cumulative: 1 } as const;
const VALUE_DOUBLE = 1;

/** What was counted, in the form that OpenTelemetry's exporters take. */
export function metricData({ epochMs, temporality, metrics }: MetricSnapshot): MetricData[] {
  const end = hrTime(epochMs);
  return metrics.map((metric) =>
    isHistogram(metric)
      ? histogram(metric, end, TEMPORALITY[temporality])
      : numbers(metric, end, TEMPORALITY[temporality]),
  );
}

function numbers(metric: NumberMetric, endTime: HrTime, temporality: number): MetricData {
  const { kind } = metric.descriptor;
  const dataPoints = metric.points.map(({ labels, startEpochMs, value }) => ({
    startTime: hrTime(startEpochMs),
    endTime,
    attributes: { ...labels },
    value,
  }));
  const common = { descriptor: descriptorOf(metric), dataPoints };
  if (kind === 'gauge')
    return {
      ...common,
      aggregationTemporality: TEMPORALITY.cumulative,
      dataPointType: POINT.gauge as DataPointType.GAUGE,
    };
  // What goes up and down is told as it stands, whatever the others are told since.
  const aggregationTemporality = kind === 'updown' ? TEMPORALITY.cumulative : temporality;
  const dataPointType = POINT.sum as DataPointType.SUM;
  return { ...common, aggregationTemporality, dataPointType, isMonotonic: kind === 'counter' };
}

function histogram(metric: HistogramMetric, endTime: HrTime, temporality: number): MetricData {
  const boundaries = [...metric.descriptor.bounds];
  return {
    descriptor: descriptorOf(metric),
    aggregationTemporality: temporality,
    dataPointType: POINT.histogram as DataPointType.HISTOGRAM,
    dataPoints: metric.points.map((point) => histogramPoint(point, boundaries, endTime)),
  };
}

function histogramPoint(point: HistogramPoint, boundaries: number[], endTime: HrTime): DataPoint<Histogram> {
  const { labels, startEpochMs, count, sum, min, max, counts } = point;
  return {
    startTime: hrTime(startEpochMs),
    endTime,
    attributes: { ...labels },
    value: {
      buckets: { boundaries, counts: Array.from(counts) },
      count,
      sum,
      ...(Number.isFinite(min) && { min }),
      ...(Number.isFinite(max) && { max }),
    },
  };
}

function descriptorOf({ descriptor: { name, description, unit } }: Metric): MetricData['descriptor'] {
  return { name, description, unit, valueType: VALUE_DOUBLE };
}
