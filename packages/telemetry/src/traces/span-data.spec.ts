import { WitanError } from '@witan/core';
import { describe, expect, it } from 'vitest';
import { hrTime, SpanData, type SpanParts } from './span-data.js';
import { errorEvent } from './span-errors.js';

const ORIGIN = { resource: {} as never, scope: { name: 'test' } };
const PARTS: SpanParts = {
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  name: 'x',
  kind: 0,
  startEpochMs: 1_700_000_000_999.9999,
  durationMs: 0.0006,
  attributes: {},
  failed: false,
};

describe('times of spans', () => {
  it('carry over to the next second', () => {
    expect(hrTime(1_999.9999999)).toEqual([2, 0]);
    const { startTime, endTime } = new SpanData(ORIGIN, PARTS);
    expect(endTime[0] * 1e9 + endTime[1]).toBeGreaterThanOrEqual(startTime[0] * 1e9 + startTime[1]);
    expect(endTime[1]).toBeLessThan(1e9);
  });

  it.each([-5000, Number.NaN])('do not end before they begin, though a clock was turned back (%d ms)', (durationMs) => {
    const { startTime, endTime, duration } = new SpanData(ORIGIN, { ...PARTS, durationMs });
    expect(endTime).toEqual(startTime);
    expect(duration).toEqual([0, 0]);
  });

  it('are never before 1970', () => {
    expect(hrTime(-1)).toEqual([0, 0]);
    expect(hrTime(Number.NaN)).toEqual([0, 0]);
  });
});

describe('what was thrown', () => {
  const attributesOf = (thrown: unknown) => errorEvent(thrown, 0).attributes;

  it('is described whatever it is', () => {
    expect(attributesOf('text')).toEqual({ 'exception.type': 'string', 'exception.message': 'text' });
    expect(attributesOf(Object.create(null))).toEqual({
      'exception.type': 'object',
      'exception.message': 'a value that cannot be shown',
    });
    expect(attributesOf(undefined)['exception.message']).toBe('undefined');
  });

  it('is cut, and tells no stack of what a caller did wrong', () => {
    const huge = Object.assign(new Error('m'.repeat(1e6)), { stack: 's'.repeat(1e6) });
    expect(JSON.stringify(attributesOf(huge)).length).toBeLessThan(10_000);
    const theirs = new WitanError('X', { category: 'INVALID_ARGUMENT', summary: '' }, 'wrong');
    expect(attributesOf(theirs)).toEqual({ 'exception.type': 'X', 'exception.message': 'wrong' });
  });
});
