import { ManualClock } from '@witan-libs/testing';
import { describe, expect, it } from 'vitest';
import { RateLimit } from './rate-limit.js';

describe('a rate limit', () => {
  it('lets a burst through, then so many a second, and says how many it left out', () => {
    const clock = new ManualClock();
    const limit = new RateLimit(10, 2, clock);
    expect([1, 2, 3, 4].map(() => limit.take('a'))).toEqual([0, 0, undefined, undefined]);
    expect(limit.take('b')).toBe(0);
    clock.advance(100);
    expect(limit.take('a')).toBe(2);
    expect(limit.take('a')).toBeUndefined();
    expect(limit.drain()).toBe(1);
    expect(limit.drain()).toBe(0);
  });

  it('bounds what it remembers, and forgets no count', () => {
    const limit = new RateLimit(1, 1, new ManualClock());
    for (let i = 0; i < 5000; i++) {
      limit.take(`key ${i}`);
      limit.take(`key ${i}`);
    }
    expect(limit.drain()).toBe(5000);
  });

  it('stands a clock that goes backwards', () => {
    let now = 1e6;
    const clock = Object.assign(new ManualClock(), { now: () => now });
    const limit = new RateLimit(1000, 1, clock);
    expect(limit.take('a')).toBe(0);
    now = 0;
    expect(limit.take('a')).toBeUndefined();
    now = 10;
    expect(limit.take('a')).toBe(1);
  });
});
