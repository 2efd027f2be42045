import type { Clock, TimerHandle } from '@witan/core';
import type { Cron } from 'croner';
import { inferenceError } from '../inference.errors.js';
import type { Store, StoreWatch } from '../store/store.js';
import { OneAtATime } from './one-at-a-time.js';

/** When the store is asked again; without any of these only when the API says so. */
export interface RefreshOptions {
  /** Milliseconds from the end of one look to the beginning of the next. @default never */
  readonly intervalMs?: number;
  /** Times of day: `minute hour day month weekday`, with seconds in front if there are six parts. @default never */
  readonly cron?: string;
  /** The time zone of {@link cron}: `Europe/Amsterdam`. @default the machine's */
  readonly timezone?: string;
  /** Also a moment after the store says that something may have changed, where it can say so. @default false */
  readonly watch?: boolean;
}

/** What changes together is looked at together. */
const SETTLE_MS = 100;
/** A clock that jumps moves the next run: it is looked at again at least so often. */
const LOOK_AT_CLOCK_MS = 60_000;
const MAX_INTERVAL_MS = 2 ** 31 - 1;

/** Asks the store again at its times, one look at a time. */
export class Refresher {
  private readonly once: OneAtATime;
  private timer: TimerHandle | undefined;
  private settling: TimerHandle | undefined;
  private cronTimer: TimerHandle | undefined;
  private watching: StoreWatch | undefined;
  private stopped = false;

  /** @throws {INF_ERR_OPTIONS} */
  constructor(
    look: () => Promise<void>,
    private readonly options: RefreshOptions,
    private readonly clock: Clock,
  ) {
    this.once = new OneAtATime(look);
    const { intervalMs } = options;
    if (intervalMs === undefined || (Number.isInteger(intervalMs) && intervalMs >= 1 && intervalMs <= MAX_INTERVAL_MS))
      return;
    throw inferenceError(
      'INF_ERR_OPTIONS',
      `refresh.intervalMs is ${JSON.stringify(intervalMs)}: it must be a whole number from 1 to ${MAX_INTERVAL_MS}`,
    );
  }

  /** Begins; `store`: whose hints are listened to. @throws {INF_ERR_OPTIONS} (rejects) for a cron pattern that is none */
  async start(store?: Store): Promise<void> {
    const { intervalMs, cron, watch } = this.options;
    if (intervalMs !== undefined) this.lookIn(intervalMs);
    if (watch) this.watching = store?.watch?.(() => this.hint());
    if (cron !== undefined) this.atNext(await cronOf(cron, this.options.timezone));
  }

  /** Looks now, or once more if a look is under way. */
  now(): Promise<void> {
    return this.once.run();
  }

  stop(): void {
    this.stopped = true;
    for (const timer of [this.timer, this.settling, this.cronTimer]) timer?.cancel();
    this.watching?.close();
  }

  /** What a look finds wrong it says itself; it must not end the process. */
  private quietly(): Promise<void> {
    return this.now().catch(() => undefined);
  }

  private lookIn(ms: number): void {
    this.timer = this.clock.setTimer(() => {
      void this.quietly().then(() => this.stopped || this.lookIn(ms));
    }, ms);
  }

  private hint(): void {
    this.settling?.cancel();
    if (!this.stopped) this.settling = this.clock.setTimer(() => void this.quietly(), SETTLE_MS);
  }

  private atNext(cron: Cron): void {
    const next = cron.nextRun(new Date(this.clock.epochMs()))?.getTime();
    if (next !== undefined && !this.stopped) this.waitUntil(next, cron);
  }

  private waitUntil(epochMs: number, cron: Cron): void {
    const now = this.clock.epochMs();
    if (now >= epochMs) {
      void this.quietly();
      return this.atNext(cron);
    }
    const next = cron.nextRun(new Date(now))!.getTime();
    this.cronTimer = this.clock.setTimer(() => this.waitUntil(next, cron), Math.min(next - now, LOOK_AT_CLOCK_MS));
  }
}

async function cronOf(pattern: string, timezone: string | undefined): Promise<Cron> {
  try {
    const { Cron } = await import('croner');
    const cron = new Cron(pattern, timezone === undefined ? {} : { timezone });
    cron.nextRun();
    return cron;
  } catch (cause) {
    const text = `refresh.cron is ${JSON.stringify(pattern)}: ${(cause as Error).message}`;
    throw inferenceError('INF_ERR_OPTIONS', text, { cause });
  }
}
