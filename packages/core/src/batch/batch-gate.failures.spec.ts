import { describe, expect, it } from 'vitest';
import { ManualClock } from '@witan-libs/testing';
import { coreError } from '../errors/core.errors.js';
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

/** Submits one request a value in one turn; the runner throws or rejects when `isBad` says so of one of its rows. */
async function play(
  values: readonly number[],
  isBad: (value: number) => boolean,
  options: BatchOptions & { rejects?: boolean; error?: Error } = {},
) {
  const { rejects = false, error = new TypeError('poisoned row'), ...batch } = options;
  const clock = new ManualClock();
  const runs: number[][] = [];
  const gate = new BatchGate(
    ({ frame }: Batch) => {
      runs.push(valuesOf(frame));
      if (!valuesOf(frame).some(isBad)) return rejects ? Promise.resolve(frame) : frame;
      if (rejects) return Promise.reject(error);
      throw error;
    },
    batch,
    { clock, name: 'iris' },
  );
  const answers = values.map((value): Promise<Settled> =>
    gate.submit({ frame: frameOf(value) }).then(
      (frame) => ({ values: valuesOf(frame) }),
      (cause: Error) => ({ error: cause }),
    ),
  );
  for (let i = 0; i < 300; i++) {
    clock.endTurn();
    await Promise.resolve();
  }
  return { outcomes: await Promise.all(answers), runs, gate };
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

  it('gives up when it is not the rows, instead of running each alone', async () => {
    const { outcomes, runs } = await play(sixtyFour, () => true);
    expect(failedOf(outcomes)).toEqual(sixtyFour);
    expect(runs.length).toBeLessThanOrEqual(14);
  });

  it('does not run again what running again cannot help', async () => {
    const error = coreError('CORE_ERR_DEADLINE', 'the model took too long');
    const { outcomes, runs } = await play(sixtyFour, (value) => value === 5, { error });
    expect(failedOf(outcomes)).toEqual(sixtyFour);
    expect(runs).toHaveLength(1);
  });

  it('runs halves again for errors that name bad input', async () => {
    const error = new WitanError('X_ERR', { category: 'INVALID_ARGUMENT', summary: '' }, 'row out of range');
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
    const clock = new ManualClock();
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
    clock.endTurn();
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
