import { describe, expect, it } from 'vitest';
import type { MetricSnapshot } from '../metrics/snapshot.js';
import { metricData } from './metric-data.js';

const AT = 1_700_000_000_500;
const snapshot = (temporality: MetricSnapshot['temporality']): MetricSnapshot => ({
  epochMs: AT,
  temporality,
  metrics: [
    {
      descriptor: { name: 'c', kind: 'counter', unit: '1', description: 'a counter' },
      points: [{ labels: { a: 'b' }, startEpochMs: AT - 500, value: 3 }],
    },
    {
      descriptor: { name: 'u', kind: 'updown', unit: '1', description: '' },
      points: [{ labels: {}, startEpochMs: AT, value: -2 }],
    },
    {
      descriptor: { name: 'g', kind: 'gauge', unit: 'By', description: '' },
      points: [{ labels: {}, startEpochMs: AT, value: 2.5 }],
    },
    {
      descriptor: { name: 'h', kind: 'histogram', unit: 's', description: '', bounds: [1, 2] },
      points: [
        {
          labels: {},
          startEpochMs: AT,
          count: 3,
          sum: 6,
          min: 1,
          max: 3,
          counts: Uint32Array.of(1, 1, 1),
          exemplars: undefined,
        },
        { labels: {}, startEpochMs: AT, count: 0, sum: 0, min: NaN, max: NaN, counts: [0, 0, 0], exemplars: undefined },
      ],
    },
  ],
});

describe('metrics for OpenTelemetry', () => {
  it('keep their kinds, times and values', () => {
    const [counter, updown, gauge, histogram] = metricData(snapshot('delta'));
    expect(counter).toMatchObject({ isMonotonic: true, aggregationTemporality: 0, dataPointType: 3 });
    expect(counter!.dataPoints[0]).toEqual({
      startTime: [1_700_000_000, 0],
      endTime: [1_700_000_000, 500_000_000],
      attributes: { a: 'b' },
      value: 3,
    });
    expect(updown).toMatchObject({ isMonotonic: false, aggregationTemporality: 1 });
    expect(gauge).toMatchObject({ dataPointType: 2 });
    const buckets = { boundaries: [1, 2], counts: [1, 1, 1] };
    expect(histogram!.dataPoints[0]!.value).toEqual({ buckets, count: 3, sum: 6, min: 1, max: 3 });
  });

  it('have no least and greatest value while there is none', () => {
    const [, , , histogram] = metricData(snapshot('cumulative'));
    expect(histogram).toMatchObject({ aggregationTemporality: 1 });
    expect(histogram!.dataPoints[1]!.value).not.toHaveProperty('min');
  });
});
