import { ForbiddenException, NotFoundException } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '@witan-libs/testing';
import { WitanError } from '../errors/witan-error.js';
import { Frame } from '../frame/frame.js';
import { type Batch, BatchGate, type BatchOptions } from './batch-gate.js';

function frameOf(...values: number[]): Frame {
  return Frame.fromColumns({ x: Float64Array.from(values) });
}

function valuesOf(frame: Frame): number[] {
  return Array.from(frame.column('x').data as Float64Array);
}

type Settled = { values: number[] } | { error: Error };

interface Faults extends BatchOptions {
  readonly rejects?: boolean;
  readonly error?: Error;
  readonly clock?: ManualClock;
}

/** A gate whose runner throws or rejects when `isBad` says so of one of its rows. */
function gateThat(isBad: (value: number) => boolean, faults: Faults = {}) {
  const { rejects = false, error = new TypeError('poisoned row'), clock = new ManualClock(), ...batch } = faults;
  const runs: number[][] = [];
  const gate = new BatchGate(
    ({ frame }: Batch) => {
      const values = valuesOf(frame);
      runs.push(values);
      if (!values.some(isBad)) return rejects ? Promise.resolve(frame) : frame;
      if (rejects) return Promise.reject(error);
      throw error;
    },
    batch,
    { clock, name: 'iris' },
  );
  return { gate, clock, runs };
}

/** Submits one request a value in one turn, and lets turns end until all are settled. */
async function submitAll(gate: BatchGate, clock: ManualClock, values: readonly number[]): Promise<Settled[]> {
  const all = Promise.all(
    values.map((value): Promise<Settled> =>
      gate.submit({ frame: frameOf(value) }).then(
        (frame) => ({ values: valuesOf(frame) }),
        (cause: Error) => ({ error: cause }),
      ),
    ),
  );
  let settled = false;
  void all.then(() => (settled = true));
  for (let i = 0; i < 1000 && !settled; i++) {
    clock.endTurn();
    await Promise.resolve();
  }
  return all;
}

async function play(values: readonly number[], isBad: (value: number) => boolean, faults: Faults = {}) {
  const { gate, clock, runs } = gateThat(isBad, faults);
  return { outcomes: await submitAll(gate, clock, values), runs, gate };
}

const sixtyFour = Array.from({ length: 64 }, (_, i) => i);
const failedOf = (outcomes: readonly Settled[]): number[] =>
  outcomes.flatMap((outcome, i) => ('error' in outcome ? [i] : []));

describe('BatchGate when a run fails', () => {
  it.each([
    ['thrown', false],
    ['rejected', true],
  ])('lets one poisoned row fail alone, its error %s', async (_, rejects) => {
    for (const bad of [0, 1, 31, 32, 62, 63]) {
      const { outcomes, runs, gate } = await play(sixtyFour, (value) => value === bad, { rejects });
      expect(failedOf(outcomes)).toEqual([bad]);
      expect(outcomes[bad]).toEqual({ error: new TypeError('poisoned row') });
      expect(outcomes.filter((_outcome, i) => i !== bad)).toEqual(
        sixtyFour.filter((i) => i !== bad).map((value) => ({ values: [value] })),
      );
      expect(runs.length).toBeLessThanOrEqual(13);
      expect(gate.stats().closedBy.bisect).toBe(runs.length - 1);
    }
  });

  it('finds several poisoned rows', async () => {
    const bad = [3, 17, 18, 40, 63];
    expect(failedOf((await play(sixtyFour, (value) => bad.includes(value))).outcomes)).toEqual(bad);
  });

  it.each([
    ['three of four', [0, 1, 2], 4],
    ['seven spread over sixty-four', [0, 8, 16, 24, 32, 40, 48], 64],
    ['all but the last', sixtyFour.slice(0, 63), 64],
    ['all but one in the middle', sixtyFour.filter((i) => i !== 33), 64],
    ['every other one', sixtyFour.filter((i) => i % 2 === 0), 64],
  ])('answers the good ones when %s are poisoned', async (_, bad, count) => {
    const { outcomes, runs } = await play(sixtyFour.slice(0, count), (value) => bad.includes(value));
    expect(failedOf(outcomes)).toEqual(bad);
    expect(runs.length).toBeLessThan(2 * count);
  });

  it('runs the requests one by one when run after run has failed, and tries the next batch as a whole once', async () => {
    let broken = true;
    const { gate, clock, runs } = gateThat(() => broken);
    const outcomesOf = async (count: number) => {
      runs.length = 0;
      return failedOf(await submitAll(gate, clock, sixtyFour.slice(0, count)));
    };
    expect(await outcomesOf(64)).toEqual(sixtyFour);
    expect(runs.length).toBeLessThanOrEqual(64 + 13);
    expect(await outcomesOf(64)).toEqual(sixtyFour);
    expect(runs.map((values) => values.length)).toEqual([64, ...sixtyFour.map(() => 1)]);
    broken = false;
    expect(await outcomesOf(64)).toEqual([]);
    expect(runs).toHaveLength(1);
    broken = true;
    await outcomesOf(64);
    expect(runs.slice(0, 4).map((values) => values.length)).toEqual([64, 32, 32, 16]);
  });

  it.each([
    ['thrown', false],
    ['rejected at once', true],
  ])('hears between two runs that callers have left, errors %s', async (_, rejects) => {
    const { gate, runs } = gateThat(() => true, { rejects, clock: new ManualClock({ turns: 'event-loop' }) });
    const callers = sixtyFour.map(() => new AbortController());
    const answers = callers.map(({ signal }, value) => gate.submit({ frame: frameOf(value), signal }));
    while (runs.length === 0) await new Promise(setImmediate);
    for (const caller of callers) caller.abort();
    const outcomes = await Promise.allSettled(answers);
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && (outcome.reason as WitanError).category)).toEqual(
      sixtyFour.map(() => 'CANCELLED'),
    );
    expect(runs.length).toBeLessThan(5);
  });

  it('tries a large batch without end of stack', async () => {
    const many = Array.from({ length: 10_000 }, (_, i) => i);
    const { gate, clock } = gateThat((value) => value !== 9_999, { maxRows: many.length });
    expect(failedOf(await submitAll(gate, clock, many))).toEqual(many.slice(0, -1));
  });

  it.each(['UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'DEADLINE_EXCEEDED', 'CANCELLED'] as const)(
    'does not run again what running again cannot help: %s',
    async (category) => {
      const error = new WitanError('X_ERR', { category, summary: '' }, 'not now');
      const { outcomes, runs } = await play(sixtyFour, (value) => value === 5, { error });
      expect(failedOf(outcomes)).toEqual(sixtyFour);
      expect(runs).toHaveLength(1);
    },
  );

  it.each([
    ['bad input', new WitanError('X_ERR', { category: 'INVALID_ARGUMENT', summary: '' }, 'row out of range')],
    ['something that is not there', new NotFoundException('no such order')],
    ['something that is not allowed', new ForbiddenException('not your order')],
  ])('runs halves again for errors that name %s', async (_, error) => {
    expect(failedOf((await play(sixtyFour, (value) => value === 5, { error })).outcomes)).toEqual([5]);
  });

  it('runs nothing twice with bisect: false', async () => {
    const { outcomes, runs } = await play(sixtyFour, (value) => value === 5, { bisect: false });
    expect(failedOf(outcomes)).toEqual(sixtyFour);
    expect(runs).toHaveLength(1);
  });

  it('goes on with the next batch', async () => {
    const { outcomes } = await play(sixtyFour, (value) => value < 8, { maxRows: 8 });
    expect(failedOf(outcomes)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('leaves out of the halves those who have gone meanwhile', async () => {
    const clock = new ManualClock({ turns: 'event-loop' });
    const runs: number[][] = [];
    const controller = new AbortController();
    const gate = new BatchGate(
      async ({ frame }: Batch): Promise<Frame> => {
        runs.push(valuesOf(frame));
        if (runs.length > 1) return frame;
        controller.abort();
        clock.advance(10);
        throw new Error('first run');
      },
      {},
      { clock },
    );
    const answers = [
      gate.submit({ frame: frameOf(1) }),
      gate.submit({ frame: frameOf(2), signal: controller.signal }),
      gate.submit({ frame: frameOf(3), deadline: 5 }),
      gate.submit({
        frame: frameOf(4),
        caller: {
          deadline: undefined,
          priority: 0,
          get aborted() {
            return runs.length > 0;
          },
        },
      }),
    ];
    const outcomes = await Promise.allSettled(answers);
    expect(
      outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'ok' : (outcome.reason as WitanError).category)),
    ).toEqual(['ok', 'CANCELLED', 'DEADLINE_EXCEEDED', 'CANCELLED']);
    expect(runs.slice(1)).toEqual([[1]]);
  });

  it('fails a split request once, and drops its other parts', async () => {
    const { outcomes } = await play([1], () => true);
    expect(failedOf(outcomes)).toEqual([0]);
    const clock = new ManualClock();
    let runs = 0;
    const gate = new BatchGate(
      () => {
        runs++;
        throw new Error('no');
      },
      { maxRows: 2 },
      { clock },
    );
    const answer = gate.submit({ frame: frameOf(1, 2, 3, 4, 5, 6) });
    clock.endTurn();
    await expect(answer).rejects.toThrow('no');
    expect([runs, gate.stats().queuedRows]).toEqual([1, 0]);
  });
});

describe('BatchGate when a run answers something else', () => {
  const answered = (answer: unknown) => {
    const clock = new ManualClock();
    let runs = 0;
    const gate = new BatchGate(() => (runs++, answer as Frame), {}, { clock, name: 'iris' });
    const answers = [gate.submit({ frame: frameOf(1) }), gate.submit({ frame: frameOf(2) })];
    clock.endTurn();
    return Promise.allSettled(answers).then((outcomes) => ({ outcomes, runs }));
  };

  it.each([
    [frameOf(1), "'iris' was given 2 rows and answered 1 rows: it must answer one row per row"],
    [frameOf(1, 2, 3), "'iris' was given 2 rows and answered 3 rows: it must answer one row per row"],
    [undefined, "'iris' was given 2 rows and answered no Frame: it must answer one row per row"],
    [null, "'iris' was given 2 rows and answered no Frame: it must answer one row per row"],
  ])('fails the whole batch and names both counts (%#)', async (answer, message) => {
    const { outcomes, runs } = await answered(answer);
    expect(runs).toBe(1);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { code: 'CORE_ERR_BATCH_ROWS', category: 'INTERNAL', message },
      });
    }
  });

  it('survives an answer that only looks like a Frame', async () => {
    const { outcomes } = await answered({ rows: 2 });
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['rejected', 'rejected']);
  });
});
