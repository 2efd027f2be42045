import { type Clock, type TimerHandle, WitanError } from '@witan/core';
import { inferenceError } from '../inference.errors.js';
import type { HostLinkFactory } from './host/host-link.js';
import { HostPool } from './host/host-pool.js';
import type { LoadRequest } from './host/protocol.js';
import type { LoadReport } from './runner.js';

/** The process is kept this long for the next model: an application's models are tried one after the other. */
const KEEP_MS = 500;

/**
 * Loads and warms up models in a child process before anything else touches them. A model file can hang its thread
 * for ever or bring its process down, and only a process can be ended from outside.
 */
export class Trial {
  private pool: HostPool | undefined;
  private queue: Promise<unknown> = Promise.resolve();
  private waiting = 0;
  private goodbye: TimerHandle | undefined;

  constructor(
    private readonly link: HostLinkFactory,
    private readonly clock: Clock,
  ) {}

  /** @throws {INF_ERR_MODEL_TRIAL | INF_ERR_MODEL_LOAD} */
  run(load: LoadRequest, timeoutMs: number): Promise<LoadReport> {
    this.waiting++;
    const trial = this.queue.then(() => this.tryOut(load, timeoutMs)).finally(() => this.oneLess());
    this.queue = trial.catch(() => undefined);
    return trial;
  }

  async close(): Promise<void> {
    this.goodbye?.cancel();
    await this.pool?.close(0);
    this.pool = undefined;
  }

  private async tryOut(load: LoadRequest, timeoutMs: number): Promise<LoadReport> {
    this.goodbye?.cancel();
    const { link, clock } = this;
    const pool = (this.pool ??= new HostPool({ kind: 'process', size: 1, link, clock, loadTimeoutMs: timeoutMs }));
    try {
      const report = await pool.load(load, timeoutMs);
      await pool.unload(load.model);
      return report;
    } catch (error) {
      throw trialError(load.path, error);
    }
  }

  private oneLess(): void {
    if (--this.waiting === 0) this.goodbye = this.clock.setTimer(() => void this.close(), KEEP_MS);
  }
}

function trialError(path: string, error: unknown): unknown {
  if (!WitanError.is(error) || error.code === 'INF_ERR_MODEL_LOAD') return error;
  const text = `${path} was refused: its first load and warm-up in a child process failed (${error.message})`;
  return inferenceError('INF_ERR_MODEL_TRIAL', text, { cause: error });
}
