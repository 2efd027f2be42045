import { type Clock, type TimerHandle, WitanError } from '@witan/core';
import { inferenceError } from '../inference.errors.js';
import type { HostLinkFactory } from './host/host-link.js';
import { HostPool } from './host/host-pool.js';
import type { LoadRequest } from './host/protocol.js';
import type { LoadReport } from './runner.js';

/** A process is kept this long for the next model: an application's models are tried one after the other. */
const KEEP_MS = 500;
/** A trial that takes longer holds up nobody: the next model gets a process of its own. */
const SLOW_MS = 1_000;

/**
 * Loads and warms up models in a child process before anything else touches them. A model file can hang its thread
 * for ever or bring its process down, and only a process can be ended from outside. One process tries one model after
 * the other; while one takes long, another tries the next.
 */
export class Trial {
  private readonly idle: HostPool[] = [];
  private readonly busy = new Set<HostPool>();
  private readonly waiting: ((pool: HostPool | undefined) => void)[] = [];
  /** Of the busy ones, those that take long. */
  private slow = 0;
  private goodbye: TimerHandle | undefined;
  private closed = false;

  constructor(
    private readonly link: HostLinkFactory,
    private readonly clock: Clock,
  ) {}

  /** @throws {INF_ERR_MODEL_TRIAL | INF_ERR_MODEL_LOAD} */
  async run(load: LoadRequest, timeoutMs: number): Promise<LoadReport> {
    const { link, clock } = this;
    this.goodbye?.cancel();
    const free = this.mustWait() ? await this.wait() : this.idle.pop();
    if (this.closed) throw inferenceError('INF_ERR_MODEL_CLOSED', `${load.path} was not tried: the server is stopping`);
    const pool = free ?? new HostPool({ kind: 'process', size: 1, link, clock, loadTimeoutMs: timeoutMs });
    this.busy.add(pool);
    let isSlow = false;
    const timer = clock.setTimer(() => {
      isSlow = true;
      this.slow++;
      this.waiting.shift()?.(undefined);
    }, SLOW_MS);
    try {
      return await tryOut(pool, load, timeoutMs);
    } finally {
      timer.cancel();
      if (isSlow) this.slow--;
      this.release(pool);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    this.goodbye?.cancel();
    for (const go of this.waiting.splice(0)) go(undefined);
    await Promise.all([...this.busy].map((pool) => pool.close(0)));
    await this.closeIdle();
  }

  /** Every process is busy, and one of them will soon be free. */
  private mustWait(): boolean {
    return this.idle.length === 0 && this.busy.size > this.slow;
  }

  /** Gives the next process that is free; nothing when a new one may be made. */
  private wait(): Promise<HostPool | undefined> {
    return new Promise((resolve) => void this.waiting.push(resolve));
  }

  private release(pool: HostPool): void {
    const next = this.waiting.shift();
    if (next) return next(pool);
    this.busy.delete(pool);
    this.idle.push(pool);
    if (this.busy.size === 0) this.goodbye = this.clock.setTimer(() => void this.closeIdle(), KEEP_MS);
  }

  private async closeIdle(): Promise<void> {
    await Promise.all(this.idle.splice(0).map((pool) => pool.close(0)));
  }
}

/** @throws {INF_ERR_MODEL_TRIAL | INF_ERR_MODEL_LOAD} */
async function tryOut(pool: HostPool, load: LoadRequest, timeoutMs: number): Promise<LoadReport> {
  try {
    const report = await pool.load(load, timeoutMs);
    await pool.unload(load.model);
    return report;
  } catch (error) {
    throw trialError(load.path, error);
  }
}

function trialError(path: string, error: unknown): unknown {
  if (!WitanError.is(error) || error.code === 'INF_ERR_MODEL_LOAD') return error;
  const text = `${path} was refused: its first load and warm-up in a child process failed (${error.message})`;
  return inferenceError('INF_ERR_MODEL_TRIAL', text, { cause: error });
}
