import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '@witan-libs/testing';
import { Frame } from '../frame/frame.js';
import { type Batch, BatchGate } from './batch-gate.js';

/** Rows of request `id` are `id * 100`, `id * 100 + 1`, … */
const ROWS_APART = 100;

interface Request {
  readonly rows: number;
  /** Which of its rows makes a run fail; -1: none. */
  readonly poisonedRow: number;
}

const anyMix = fc.array(fc.boolean(), { minLength: 1, maxLength: 64 });
/** Where a search by halves is at its worst: all but one, one but all, and one in each of the parts. */
const everyNth = fc
  .record({ count: fc.integer({ min: 1, max: 64 }), step: fc.integer({ min: 1, max: 64 }), invert: fc.boolean() })
  .map(({ count, step, invert }) => Array.from({ length: count }, (_, i) => (i % step === step - 1) !== invert));

const requests: fc.Arbitrary<readonly Request[]> = fc
  .record({ poisoned: fc.oneof(anyMix, everyNth), rows: fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 7 }) })
  .map(({ poisoned, rows }) =>
    poisoned.map((isPoisoned, i) => {
      const own = rows[i % 8] ?? 1;
      return { rows: own, poisonedRow: isPoisoned ? i % own : -1 };
    }),
  );

const plan = fc.record({
  requests,
  fails: fc.constantFrom('thrown' as const, 'rejected' as const, 'rejected later' as const),
  options: fc.record({
    maxRows: fc.oneof(fc.constant(64), fc.integer({ min: 1, max: 64 })),
    concurrency: fc.integer({ min: 1, max: 3 }),
    maxQueueRows: fc.constant(1000),
  }),
});

type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never;
type Outcome = number[] | string;

const rowsOf = ({ rows }: Request, id: number): number[] => Array.from({ length: rows }, (_, i) => id * ROWS_APART + i);
const valuesOf = (frame: Frame): number[] => Array.from(frame.column('x').data as Float64Array);

/** What came of each request, and how many runs it took beside how many it may take. */
async function play({ requests, fails, options }: Plan) {
  const clock = new ManualClock();
  const poison = new Set(requests.map(({ poisonedRow }, id) => (poisonedRow < 0 ? -1 : id * ROWS_APART + poisonedRow)));
  let runs = 0;
  let mayRun = 0;
  const gate = new BatchGate(
    ({ frame, closedBy, items }: Batch): Frame | Promise<Frame> => {
      runs++;
      if (closedBy !== 'bisect') mayRun += 2 * items.length - 1;
      const bad = valuesOf(frame).some((value) => poison.has(value));
      if (fails === 'thrown' && bad) throw new Error('poisoned');
      if (fails === 'thrown') return frame;
      const answer = (): Promise<Frame> => (bad ? Promise.reject(new Error('poisoned')) : Promise.resolve(frame));
      return fails === 'rejected' ? answer() : new Promise<void>((next) => clock.nextTurn(next)).then(answer);
    },
    options,
    { clock },
  );
  const outcomes: Outcome[] = [];
  requests.forEach((request, id) => {
    gate.submit({ frame: Frame.fromColumns({ x: Float64Array.from(rowsOf(request, id)) }) }).then(
      (frame) => (outcomes[id] = valuesOf(frame)),
      (error: Error) => (outcomes[id] = error.message),
    );
  });
  for (let turns = 0; turns < 2000 && Object.keys(outcomes).length < requests.length; turns++) {
    clock.endTurn();
    for (let i = 0; i < 4; i++) await Promise.resolve();
  }
  return { outcomes, runs, mayRun };
}

describe('BatchGate with poisoned requests (property)', () => {
  it('fails exactly the poisoned ones, whatever the mix, in less than two runs a request', async () => {
    await fc.assert(
      fc.asyncProperty(plan, async (each) => {
        const { outcomes, runs, mayRun } = await play(each);
        expect(outcomes).toEqual(
          each.requests.map((request, id) => (request.poisonedRow < 0 ? rowsOf(request, id) : 'poisoned')),
        );
        expect(runs).toBeLessThanOrEqual(mayRun);
      }),
      { numRuns: 300 },
    );
  });
});
