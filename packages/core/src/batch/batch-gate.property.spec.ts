import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '@witan-libs/testing';
import { Frame } from '../frame/frame.js';
import { type Batch, BatchGate } from './batch-gate.js';

/** Rows of request `id` are `id * 1000`, `id * 1000 + 1`, … */
const ROWS_APART = 1000;

interface Request {
  readonly rows: number;
  readonly key: string;
  readonly priority: number;
  readonly deadlineInMs: number | undefined;
  readonly leaves: 'signal' | 'caller' | undefined;
  readonly immediate: boolean;
}

type Step =
  | { readonly do: 'submit'; readonly request: Request }
  | { readonly do: 'leave' | 'finish'; readonly which: number }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'configure'; readonly maxRows: number };

const request: fc.Arbitrary<Request> = fc.record({
  rows: fc.oneof({ weight: 6, arbitrary: fc.constant(1) }, { weight: 4, arbitrary: fc.integer({ min: 0, max: 20 }) }),
  key: fc.constantFrom('a', 'a', 'a', 'b'),
  priority: fc.constantFrom(0, 0, 0, 5, -5),
  deadlineInMs: fc.constantFrom(undefined, undefined, undefined, 3, 40),
  leaves: fc.constantFrom(undefined, undefined, 'signal' as const, 'caller' as const),
  immediate: fc.constantFrom(false, false, false, false, true),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('submit' as const), request }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('finish' as const), which: fc.nat(9) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.double({ min: 0, max: 10, noNaN: true }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('leave' as const), which: fc.nat(50) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('configure' as const), maxRows: fc.integer({ min: 1, max: 8 }) }),
  },
);

const options = fc.record({
  maxRows: fc.integer({ min: 1, max: 8 }),
  concurrency: fc.integer({ min: 1, max: 3 }),
  maxDelayMs: fc.constantFrom(0, 0, 2.5),
  coalesce: fc.constantFrom('auto' as const, 'off' as const),
  maxQueueRows: fc.constantFrom(10, 1000),
});

const plan = fc.record({
  options,
  runs: fc.constantFrom('sync' as const, 'async' as const),
  poisoned: fc.oneof(fc.constant<number[]>([]), fc.uniqueArray(fc.nat(15))),
  steps: fc.array(step, { minLength: 1, maxLength: 60 }),
});

type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never;

interface Sent {
  readonly request: Request;
  readonly deadline: number | undefined;
  readonly controller: AbortController;
  gone: boolean;
  outcome: number[] | { code?: string; message: string } | undefined;
  answers: number;
}

/** Plays a plan and checks, at each run and after each step, what must hold. */
class Play {
  readonly clock = new ManualClock();
  readonly sent: Sent[] = [];
  readonly pending: (() => void)[] = [];
  readonly runsOf = new Map<number, number>();
  readonly gate: BatchGate;

  constructor(private readonly plan: Plan) {
    this.gate = new BatchGate((batch) => this.run(batch), plan.options, { clock: this.clock });
  }

  async all(): Promise<void> {
    for (const each of this.plan.steps) {
      this.take(each);
      await this.settle();
      this.checkNothingWaitsInVain();
    }
    const drained = this.gate.drain(1_000_000);
    while (this.pending.length > 0) {
      this.pending.shift()!();
      await this.settle();
    }
    await this.settle();
    expect(this.gate.stats()).toMatchObject({ queuedRows: 0, queuedRequests: 0, inFlight: 0 });
    expect(await drained).toBe(true);
    this.sent.forEach((_, id) => this.checkOutcome(id));
  }

  private take(each: Step): void {
    if (each.do === 'submit') this.submit(each.request);
    else if (each.do === 'advance') this.clock.advance(each.ms);
    else if (each.do === 'configure') this.gate.configure({ maxRows: each.maxRows });
    else if (each.do === 'finish') this.pending.splice(each.which % Math.max(1, this.pending.length), 1)[0]?.();
    else this.leave(this.sent[each.which % Math.max(1, this.sent.length)]);
  }

  private submit(given: Request): void {
    const id = this.sent.length;
    const deadline = given.deadlineInMs === undefined ? undefined : this.clock.now() + given.deadlineInMs;
    const one: Sent = {
      request: given,
      deadline,
      controller: new AbortController(),
      gone: false,
      outcome: undefined,
      answers: 0,
    };
    this.sent.push(one);
    const frame = Frame.fromColumns({ x: Float64Array.from({ length: given.rows }, (_, i) => id * ROWS_APART + i) });
    const caller = {
      get aborted() {
        return given.leaves === 'caller' && one.gone;
      },
      deadline,
      priority: given.priority,
    };
    const signal = given.leaves === 'signal' ? one.controller.signal : undefined;
    const settled = (outcome: Sent['outcome']): void => {
      one.answers++;
      one.outcome = outcome;
    };
    this.gate
      .submit({ frame, key: given.key, caller, signal, immediate: given.immediate })
      .then((answer) => settled(Array.from(answer.column('x').data as Float64Array)), settled);
  }

  private leave(one: Sent | undefined): void {
    if (!one?.request.leaves || one.outcome) return;
    one.gone = true;
    if (one.request.leaves === 'signal') one.controller.abort();
  }

  private run(batch: Batch): Frame | Promise<Frame> {
    const { frame } = batch;
    const values = Array.from(frame.column('x').data as Float64Array);
    this.checkBatch(batch, values);
    const poisoned = values.some((value) => this.plan.poisoned.includes(Math.floor(value / ROWS_APART)));
    if (this.plan.runs === 'sync') {
      if (poisoned) throw new Error('poisoned');
      return frame;
    }
    return new Promise((resolve, reject) => {
      this.pending.push(() => (poisoned ? reject(new Error('poisoned')) : resolve(frame)));
    });
  }

  private checkBatch(batch: Batch, values: number[]): void {
    expect(values.length).toBe(batch.rows);
    // A part of a failed batch was formed under the limit of that time.
    if (batch.closedBy !== 'bisect') expect(batch.rows).toBeLessThanOrEqual(this.gate.options.maxRows);
    const senders = values.map((value) => this.sent[Math.floor(value / ROWS_APART)]!);
    expect(new Set(senders.map(({ request: { key } }) => key)).size).toBeLessThanOrEqual(1);
    for (const { gone, deadline } of senders) {
      expect(gone).toBe(false);
      expect((deadline ?? Infinity) > this.clock.now()).toBe(true);
    }
    if (batch.closedBy !== 'bisect')
      for (const value of values) this.runsOf.set(value, (this.runsOf.get(value) ?? 0) + 1);
  }

  private checkNothingWaitsInVain(): void {
    const { maxDelayMs, coalesce, concurrency } = this.gate.options;
    const { inFlight, queuedRequests } = this.gate.stats();
    if (maxDelayMs === 0 && coalesce === 'off' && inFlight < concurrency) expect(queuedRequests).toBe(0);
  }

  private checkOutcome(id: number): void {
    const { request: given, gone, deadline, outcome, answers } = this.sent[id]!;
    expect(answers).toBe(1);
    const own = Array.from({ length: given.rows }, (_, i) => id * ROWS_APART + i);
    for (const value of own) expect(this.runsOf.get(value) ?? 0).toBeLessThanOrEqual(1);
    if (Array.isArray(outcome)) {
      expect(outcome).toEqual(own);
      for (const value of own) expect(this.runsOf.get(value)).toBe(1);
      return;
    }
    const excuses = [
      this.plan.poisoned.includes(id) && 'poisoned',
      gone && 'CORE_ERR_CANCELLED',
      deadline !== undefined && 'CORE_ERR_DEADLINE',
      this.plan.options.maxQueueRows < 1000 && 'CORE_ERR_BATCH_QUEUE_FULL',
    ];
    expect(excuses).toContain(outcome!.code ?? outcome!.message);
  }

  private async settle(): Promise<void> {
    for (let i = 0; i < 8; i++) {
      await Promise.resolve();
      this.clock.endTurn();
    }
  }
}

describe('BatchGate (property)', () => {
  it('answers every row once and in order, alone with its key, within maxRows, and nobody who is gone', async () => {
    await fc.assert(
      fc.asyncProperty(plan, async (each) => new Play(each).all()),
      { numRuns: 400 },
    );
  });
});
