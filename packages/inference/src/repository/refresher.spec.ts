import { ManualClock } from '@witan-libs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { Refresher, type RefreshOptions } from './refresher.js';

/** Its time of day can be set, as an administrator or NTP does. */
class WallClock extends ManualClock {
  jumpMs = 0;

  override epochMs(): number {
    return super.epochMs() + this.jumpMs;
  }
}

const HOUR = 3_600_000;
/** The clock begins at 22:13:20 UTC. */
const TO_THE_HOUR = 46 * 60_000 + 40_000;

describe('a refresh', () => {
  const started: Refresher[] = [];
  afterEach(() => started.splice(0).forEach((each) => each.stop()));

  async function start(options: RefreshOptions, look: () => Promise<void> = async () => undefined) {
    const clock = new WallClock();
    let looks = 0;
    const refresher = new Refresher(() => (looks++, look()), options, clock);
    started.push(refresher);
    await refresher.start();
    return { clock, refresher, looks: () => looks };
  }

  const hourly: RefreshOptions = { cron: '0 * * * *', timezone: 'UTC' };

  it('by cron comes at its times', async () => {
    const { clock, looks } = await start(hourly);
    clock.advance(TO_THE_HOUR - 1);
    expect(looks()).toBe(0);
    clock.advance(1);
    expect(looks()).toBe(1);
    clock.advance(3 * HOUR);
    await settle();
    expect(looks()).toBeGreaterThan(1);
  });

  it('by cron comes within a minute when the clock jumps past its time', async () => {
    const { clock, looks } = await start(hourly);
    clock.jumpMs = HOUR;
    clock.advance(60_000);
    expect(looks()).toBe(1);
  });

  it('by cron comes at its time when the clock is set back', async () => {
    const { clock, looks } = await start(hourly);
    clock.jumpMs = -10 * 60_000;
    clock.advance(TO_THE_HOUR);
    expect(looks()).toBe(0);
    clock.advance(11 * 60_000);
    expect(looks()).toBe(1);
  });

  it('by interval comes so long after the end of the last one, whatever became of it', async () => {
    const { clock, looks } = await start({ intervalMs: 1_000 }, () => Promise.reject(new Error('down')));
    for (let seen = 1; seen <= 3; seen++) {
      clock.advance(1_000);
      await settle();
      expect(looks()).toBe(seen);
    }
  });

  it('is one at a time: who asks meanwhile shares the next one', async () => {
    const ends: (() => void)[] = [];
    const { refresher, looks } = await start({}, () => new Promise((resolve) => void ends.push(resolve)));
    const first = refresher.now();
    const next = [refresher.now(), refresher.now(), refresher.now()];
    expect(looks()).toBe(1);
    ends[0]!();
    await first;
    await settle();
    expect(looks()).toBe(2);
    ends[1]!();
    await Promise.all(next);
    expect(looks()).toBe(2);
  });

  it('ends when it is stopped', async () => {
    const { clock, refresher, looks } = await start({ intervalMs: 1_000, ...hourly });
    refresher.stop();
    clock.advance(2 * HOUR);
    expect(looks()).toBe(0);
  });
});

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}
