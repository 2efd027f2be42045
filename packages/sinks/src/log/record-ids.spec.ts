import { describe, expect, it } from 'vitest';
import { RecordIds } from './record-ids.js';
import { isSampled } from './text-hash.js';

describe('ids of records', () => {
  it('are distinct UUIDs of version 7 that ascend, also when the clock goes back or stands still', () => {
    const times = [1_700_000_000_000, 1_700_000_000_001, 1_600_000_000_000, 1_700_000_000_002];
    let now = 0;
    const ids = new RecordIds({ epochMs: () => times[now]! }, () => 0.3);
    const made: string[] = [];
    for (now = 0; now < times.length; now++) for (let i = 0; i < 20_000; i++) made.push(ids.next());
    expect(new Set(made).size).toBe(80_000);
    expect([...made].sort()).toEqual(made);
    expect(made.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toBe(
      true,
    );
    expect(parseInt(made[0]!.replace('-', '').slice(0, 12), 16)).toBe(times[0]);
  });

  it('of two processes in one millisecond differ', () => {
    const clock = { epochMs: () => 1 };
    expect(new RecordIds(clock, () => 0.1).next()).not.toBe(new RecordIds(clock, () => 0.2).next());
  });
});

describe('a sample', () => {
  it.each([0, 0.01, 0.5, 0.9, 1])('of %d has about that share of requests whose ids count upwards', (share) => {
    const hits = Array.from({ length: 20_000 }, (_, i) => isSampled(`request-${i}`, share)).filter(Boolean).length;
    expect(Math.abs(hits / 20_000 - share)).toBeLessThan(0.015);
  });
});
