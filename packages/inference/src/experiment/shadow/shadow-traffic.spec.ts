import type { TimerHandle } from '@witan/core';
import { ManualClock } from '@witan-libs/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ServedModel } from '../../model/served-model.js';
import type { ShadowLimits } from '../experiment-options.js';
import { experimentPlanOf } from '../experiment-plan.js';
import type { VariantRun } from '../variant-run.js';
import { ShadowTraffic } from './shadow-traffic.js';

/** Its timers come late by as much as the test says, as those of a process do that has too much to do. */
class LateClock extends ManualClock {
  lateMs = 0;

  override setTimer(fn: () => void, ms: number): TimerHandle {
    return super.setTimer(fn, ms + this.lateMs);
  }
}

describe('shadow traffic', () => {
  let clock: LateClock;
  let busy: boolean;
  let ran: number[];
  let logged: string[];
  beforeEach(() => {
    clock = new LateClock();
    busy = false;
    ran = [];
    logged = [];
  });

  function trafficOf(shadowLimits: ShadowLimits = {}): ShadowTraffic {
    const plan = experimentPlanOf('e', { variants: { control: 'm@1' }, shadow: ['m@2'], shadowLimits });
    const log = { log: (): void => undefined, warn: (text: string) => void logged.push(text) };
    const modelOf = (): ServedModel => ({ name: 'm', version: '2' }) as ServedModel;
    return new ShadowTraffic({ plan, clock, log, modelOf, isBusy: () => busy });
  }

  function runOf(id: number, answer: () => Promise<number> = async () => id): VariantRun<number> {
    return {
      on: (_, context) => {
        ran.push(id);
        expect(context).toMatchObject({ priority: -10, requestId: `r${id}`, aborted: false });
        return answer();
      },
      outputs: (value) => [{ name: 'y', rows: 1, values: [value] }],
      rows: 1,
      bytes: () => 8,
    };
  }

  async function later(ms: number): Promise<void> {
    clock.advance(ms);
    for (let turn = 0; turn < 3; turn++) await new Promise((done) => setImmediate(done));
  }

  it('waits while requests do, and goes on after', async () => {
    const traffic = trafficOf();
    busy = true;
    traffic.offer(runOf(1), 1, 'control', 'r1');
    for (let i = 0; i < 20; i++) await later(10);
    expect([ran, traffic.queued]).toEqual([[], 1]);
    busy = false;
    await later(10);
    expect([ran, traffic.counters[0]!.counters.compared]).toEqual([[1], 1]);
  });

  it('waits while the event loop is late', async () => {
    const traffic = trafficOf();
    clock.lateMs = 30;
    traffic.offer(runOf(1), 1, 'control', 'r1');
    for (let i = 0; i < 5; i++) await later(50);
    expect(ran).toEqual([]);
    clock.lateMs = 0;
    for (let i = 0; i < 5; i++) await later(50);
    expect(ran).toEqual([1]);
  });

  it('lets go what waited too long', async () => {
    const traffic = trafficOf({ maxAgeMs: 100 });
    busy = true;
    traffic.offer(runOf(1), 1, 'control', 'r1');
    for (let i = 0; i < 20; i++) await later(10);
    busy = false;
    await later(10);
    expect([ran, traffic.queued, traffic.counters[0]!.counters.dropped]).toEqual([[], 0, 1]);
  });

  it('has one batch under way, however many requests are answered meanwhile', async () => {
    const traffic = trafficOf({ maxRows: 2 });
    const releases: (() => void)[] = [];
    const held = () => new Promise<number>((done) => releases.push(() => done(0)));
    for (let id = 0; id < 6; id++) traffic.offer(runOf(id, held), 0, 'control', `r${id}`);
    for (let i = 0; i < 5; i++) await later(5);
    expect(ran).toEqual([0, 1]);
    for (const release of releases.splice(0)) release();
    for (let i = 0; i < 5; i++) await later(5);
    expect(ran).toEqual([0, 1, 2, 3]);
  });

  it('what the answers hold counts as well', async () => {
    const traffic = trafficOf({ maxQueueBytes: 4_000 });
    for (let id = 1; id <= 3; id++) {
      const run = { ...runOf(id), outputs: () => [{ name: 'y', rows: 1, values: new Float64Array(200) }] };
      traffic.offer(run, id, 'control', `r${id}`);
    }
    expect([traffic.queued, traffic.counters[0]!.counters.dropped]).toEqual([2, 1]);
  });

  it('says once a minute that answers differ, and counts all of them', async () => {
    const traffic = trafficOf();
    for (let id = 0; id < 10; id++) {
      traffic.offer(runOf(id), id + 1, 'control', `r${id}`);
      await later(5);
    }
    expect(traffic.counters[0]!.counters).toMatchObject({ compared: 10, matchedRows: 0, maxDifference: 1 });
    expect(logged).toEqual([expect.stringContaining('shadow m@2 answers otherwise: 1 of 1 rows differ, by up to 1')]);
  });

  it('fails nobody else where an answer cannot be compared', () => {
    const traffic = trafficOf();
    const outputs = (): never => {
      throw new RangeError('no such column');
    };
    traffic.offer({ ...runOf(1), outputs }, 1, 'control', 'r1');
    expect([traffic.queued, traffic.counters[0]!.counters.failed]).toEqual([0, 1]);
  });

  it('takes nothing any more once it is closed', async () => {
    const traffic = trafficOf();
    traffic.offer(runOf(1), 1, 'control', 'r1');
    traffic.close();
    traffic.offer(runOf(2), 2, 'control', 'r2');
    await later(100);
    expect([ran, traffic.queued]).toEqual([[], 0]);
  });
});
