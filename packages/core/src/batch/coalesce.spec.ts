import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '@witan-libs/testing';
import { Frame } from '../frame/frame.js';
import { BatchGate, type BatchOptions, type BatchStats } from './batch-gate.js';

const ONE_ROW = Frame.fromColumns({ x: Float64Array.of(1) });

interface Loop {
  /** What a run costs. */
  readonly fixedMs: number;
  readonly perRowMs: number;
  readonly callers: number;
  /** From a caller's answer to its next request: from the first caller's to the last one's. */
  readonly returnMs: readonly [number, number];
  readonly simulatedMs?: number;
}

interface Outcome {
  readonly rowsPerSecond: number;
  readonly batches: readonly number[];
  readonly stats: BatchStats;
}

/** Callers that ask again once they were answered, against a runner whose time is the line's; turned by hand. */
async function closedLoop(loop: Loop, options: BatchOptions): Promise<Outcome> {
  const { fixedMs, perRowMs, callers, returnMs, simulatedMs = 600 } = loop;
  const clock = new ManualClock();
  const batches: number[] = [];
  const gate = new BatchGate(
    (batch) => {
      batches.push(batch.rows);
      return new Promise<Frame>((resolve) => {
        clock.setTimer(() => resolve(batch.frame), fixedMs + perRowMs * batch.rows);
      });
    },
    options,
    { clock },
  );
  let rows = 0;
  const comeBack = (caller: number): void => {
    const share = ((caller * 37) % callers) / callers;
    clock.setTimer(() => ask(caller), returnMs[0] + (returnMs[1] - returnMs[0]) * share);
  };
  const ask = (caller: number): void => {
    void gate.submit({ frame: ONE_ROW }).then(() => {
      rows++;
      comeBack(caller);
    });
  };
  for (let caller = 0; caller < callers; caller++) comeBack(caller);
  const stepMs = 0.05;
  for (let time = 0; time < simulatedMs; time += stepMs) {
    clock.advance(stepMs);
    await continuations();
  }
  return { rowsPerSecond: (rows * 1000) / simulatedMs, batches, stats: gate.stats() };
}

/** Lets what hangs on settled promises run. */
async function continuations(): Promise<void> {
  for (let i = 0; i < 6; i++) await Promise.resolve();
}

async function onAgainstOff(loop: Loop, options: BatchOptions = {}) {
  const on = await closedLoop(loop, { ...options, coalesce: 'auto' });
  const off = await closedLoop(loop, { ...options, coalesce: 'off' });
  return { on, off, ratio: on.rowsPerSecond / off.rowsPerSecond };
}

describe("coalesce: 'auto' with callers that wait for their answers", () => {
  it('turns 1, 63, 1, 63 into full batches where the fixed cost is large', async () => {
    const loop: Loop = { fixedMs: 15, perRowMs: 0.8, callers: 64, returnMs: [0.1, 1.5], simulatedMs: 2000 };
    const { on, off, ratio } = await onAgainstOff(loop);
    expect(off.batches.slice(0, 6)).toEqual([1, 63, 1, 63, 1, 63]);
    expect(on.batches.slice(2).every((rows) => rows === 64)).toBe(true);
    expect(ratio).toBeGreaterThanOrEqual(1.15);
  });

  it.each([
    { fixedMs: 10, perRowMs: 0.1, callers: 64, returnMs: [0.1, 1.5] },
    { fixedMs: 1, perRowMs: 0.02, callers: 64, returnMs: [0.1, 0.3] },
    { fixedMs: 10, perRowMs: 0.1, callers: 8, returnMs: [0.1, 6] },
  ] as const)('gains at least 15 % with %o', async (loop) => {
    expect((await onAgainstOff(loop)).ratio).toBeGreaterThanOrEqual(1.15);
  });

  it('finds out with two callers, whose batches all have one size', async () => {
    const { on, off } = await onAgainstOff({ fixedMs: 10, perRowMs: 0.1, callers: 2, returnMs: [0.1, 0.5] });
    expect(off.batches.every((rows) => rows === 1)).toBe(true);
    expect(on.rowsPerSecond).toBeGreaterThan(off.rowsPerSecond * 1.5);
  });

  it.each([
    ['rows cost more than runs', { fixedMs: 1, perRowMs: 1, callers: 64, returnMs: [0.1, 1.5] }],
    ['the model is tiny', { fixedMs: 0.05, perRowMs: 0.01, callers: 64, returnMs: [0.05, 0.3] }],
    ['there is one caller', { fixedMs: 15, perRowMs: 0.8, callers: 1, returnMs: [0.1, 0.1] }],
  ] as const)('never pauses when %s', async (_, loop) => {
    const { on, ratio } = await onAgainstOff(loop);
    expect(on.stats.pauses).toBe(0);
    expect(ratio).toBe(1);
  });

  it.each([
    ['callers come back too late', { fixedMs: 5, perRowMs: 0.1, callers: 16, returnMs: [4, 40], simulatedMs: 2000 }],
    ['callers come back too far apart', { fixedMs: 1, perRowMs: 0.02, callers: 64, returnMs: [0.1, 6] }],
  ] as const)('loses next to nothing when %s', async (_, loop) => {
    expect((await onAgainstOff(loop)).ratio).toBeGreaterThan(0.97);
  });
});

describe('several runners', () => {
  it.each([
    ['shares rows', { fixedMs: 15, perRowMs: 0.8, callers: 64, returnMs: [0.1, 1.5], simulatedMs: 2000 }, 1.15],
    ['pauses', { fixedMs: 10, perRowMs: 0.1, callers: 64, returnMs: [0.1, 1.5], simulatedMs: 2000 }, 1.15],
    ['is not in the way', { fixedMs: 1, perRowMs: 1, callers: 64, returnMs: [0.1, 1.5], simulatedMs: 2000 }, 0.97],
  ] as const)("'auto' %s with two runners", async (_, loop, least) => {
    expect((await onAgainstOff(loop, { concurrency: 2 })).ratio).toBeGreaterThanOrEqual(least);
  });

  it('share what waits when running at once saves more than a further run costs', async () => {
    const { clock, running, submit } = knownGate({ fixedMs: 10, perRowMs: 1 }, { concurrency: 2 });
    submit(1);
    clock.advance(11);
    await running[0]!.finish();
    clock.advance(20);
    submit(40);
    clock.endTurn();
    expect(running.slice(1)).toMatchObject([
      { rows: 20, closedBy: 'shared' },
      { rows: 20, closedBy: 'idle' },
    ]);
  });

  it('do not share where the fixed cost is most of a run', async () => {
    const { clock, running, submit } = knownGate({ fixedMs: 30, perRowMs: 1 }, { concurrency: 2 });
    submit(1);
    clock.advance(31);
    await running[0]!.finish();
    clock.advance(20);
    submit(40);
    clock.endTurn();
    expect(running.slice(1)).toMatchObject([{ rows: 40, closedBy: 'idle' }]);
  });
});

/** A gate whose cost line is known, and a runner that answers when told to. */
function knownGate(cost: { fixedMs: number; perRowMs: number }, options: BatchOptions = {}) {
  const clock = new ManualClock();
  const running: { rows: number; closedBy: string; startedAt: number; finish: () => Promise<void> }[] = [];
  const gate = new BatchGate(
    (batch) =>
      new Promise<Frame>((resolve) => {
        const finish = (): Promise<void> => (resolve(batch.frame), continuations());
        running.push({ rows: batch.rows, closedBy: batch.closedBy, startedAt: clock.now(), finish });
      }),
    options,
    { clock },
  );
  for (const rows of [1, 4, 16, 64]) gate.seedCost(rows, cost.fixedMs + cost.perRowMs * rows);
  const submit = (count = 1, deadline?: number): void => {
    for (let i = 0; i < count; i++) gate.submit({ frame: ONE_ROW, deadline }).catch(() => undefined);
  };
  return { clock, gate, running, submit };
}

/** Four callers, of which three were answered just now, at 23 ms, and one waits. */
async function threeExpected(deadline?: number) {
  const parts = knownGate({ fixedMs: 20, perRowMs: 1 });
  parts.submit(3);
  parts.clock.advance(1);
  parts.submit(1, deadline);
  parts.clock.advance(22);
  await parts.running[0]!.finish();
  return parts;
}

describe("coalesce: 'auto', one pause", () => {
  it('ends as soon as all are back', async () => {
    const { clock, running, submit } = await threeExpected();
    clock.advance(0.5);
    expect(running).toHaveLength(1);
    submit(3);
    clock.endTurn();
    expect(running[1]).toMatchObject({ rows: 4, closedBy: 'coalesce', startedAt: 23.5 });
  });

  it('ends when nobody follows for a quarter of the fixed cost', async () => {
    const { clock, running } = await threeExpected();
    clock.advance(4.9);
    expect(running).toHaveLength(1);
    clock.advance(0.2);
    expect(running[1]).toMatchObject({ rows: 1, closedBy: 'coalesce' });
  });

  it('ends in time for a deadline', async () => {
    const { clock, running } = await threeExpected(23 + 2 + 21);
    clock.advance(1.9);
    expect(running).toHaveLength(1);
    clock.advance(0.2);
    expect(running[1]).toMatchObject({ rows: 1, closedBy: 'deadline' });
  });

  it('ends when the gate is drained', async () => {
    const { clock, gate, running } = await threeExpected();
    clock.advance(1);
    void gate.drain();
    expect(running[1]).toMatchObject({ rows: 1, closedBy: 'drain' });
  });

  it('is not made for an isolated request, however large the fixed cost', async () => {
    const { clock, running, submit } = await threeExpected();
    submit(3);
    clock.advance(24);
    await running[1]!.finish();
    clock.advance(11);
    submit(1);
    clock.endTurn();
    expect(running[2]).toMatchObject({ rows: 1, closedBy: 'idle', startedAt: 58 });
  });
});

const arrivals = fc.array(
  fc.record({ afterMs: fc.double({ min: 0, max: 3, noNaN: true }), count: fc.integer({ min: 1, max: 5 }) }),
  {
    minLength: 1,
    maxLength: 40,
  },
);

/** Plays arrivals; the run takes what the line says. Gives how long each batch was held back beside an idle runner. */
async function heldBack(
  plan: readonly { afterMs: number; count: number }[],
  fixedMs: number,
  perRowMs: number,
): Promise<number[]> {
  const { clock, running, submit, gate } = knownGate({ fixedMs, perRowMs });
  const held: number[] = [];
  let idleSince = -1;
  let answered = 0;
  let endsAt = Infinity;
  const look = (): void => {
    if (running.length > answered) {
      if (endsAt === Infinity) {
        held.push(idleSince < 0 ? 0 : clock.now() - idleSince);
        endsAt = clock.now() + fixedMs + perRowMs * running[answered]!.rows;
      }
      idleSince = -1;
    } else if (gate.stats().queuedRequests > 0 && idleSince < 0) idleSince = clock.now();
  };
  for (const { afterMs, count } of plan) {
    for (const end = clock.now() + afterMs; clock.now() < end;) {
      clock.advance(0.05);
      if (clock.now() >= endsAt) {
        endsAt = Infinity;
        await running[answered++]!.finish();
        clock.endTurn();
      }
      look();
    }
    submit(count);
    clock.endTurn();
    look();
  }
  return held;
}

describe("coalesce: 'auto' (property)", () => {
  it('never holds a row back when waiting cannot pay', async () => {
    const cheap = fc.record({
      fixedMs: fc.double({ min: 0, max: 0.1, noNaN: true }),
      perRowMs: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    const flat = fc
      .record({
        fixedMs: fc.double({ min: 0.2, max: 5, noNaN: true }),
        share: fc.double({ min: 1, max: 4, noNaN: true }),
      })
      .map(({ fixedMs, share }) => ({ fixedMs, perRowMs: fixedMs * share }));
    await fc.assert(
      fc.asyncProperty(arrivals, fc.oneof(cheap, flat), async (plan, { fixedMs, perRowMs }) => {
        expect((await heldBack(plan, fixedMs, perRowMs)).every((ms) => ms === 0)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('never holds a row back for longer than half of the fixed cost', async () => {
    await fc.assert(
      fc.asyncProperty(arrivals, fc.double({ min: 0.2, max: 8, noNaN: true }), async (plan, fixedMs) => {
        const longest = Math.max(0, ...(await heldBack(plan, fixedMs, fixedMs / 10)));
        expect(longest).toBeLessThanOrEqual(fixedMs / 2 + 0.2);
      }),
      { numRuns: 50 },
    );
  });
});
