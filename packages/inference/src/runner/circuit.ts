import type { Clock } from '@witan/core';
import { inferenceError } from '../inference.errors.js';

export interface CircuitOptions {
  /** This many ends of a runner within `windowMs` open the circuit. @default 3 */
  readonly crashes?: number;
  /** @default 60_000 */
  readonly windowMs?: number;
  /** How long it stays open the first time; doubles with every failed probe. @default 1_000 */
  readonly openMs?: number;
  /** @default 30_000 */
  readonly maxOpenMs?: number;
}

/**
 * Keeps a model that ends its runner again and again from doing so at every request: after a few ends it refuses at
 * once, then lets one run through to see.
 */
export class Circuit {
  private crashTimes: number[] = [];
  private openUntil = 0;
  private openForMs = 0;
  private probing = false;
  private readonly options: Required<CircuitOptions>;

  constructor(
    private readonly model: string,
    private readonly clock: Clock,
    options: CircuitOptions = {},
  ) {
    this.options = { crashes: 3, windowMs: 60_000, openMs: 1_000, maxOpenMs: 30_000, ...options };
  }

  get isOpen(): boolean {
    return this.openForMs > 0;
  }

  /**
   * Asks to run. While half open, one run is let through.
   * @throws {INF_ERR_CIRCUIT_OPEN}
   */
  admit(): void {
    if (this.openForMs === 0) return;
    const waitMs = this.openUntil - this.clock.now();
    if (waitMs <= 0 && !this.probing) {
      this.probing = true;
      return;
    }
    throw inferenceError(
      'INF_ERR_CIRCUIT_OPEN',
      `model '${this.model}' ended its runner ${this.options.crashes} times within ${this.options.windowMs} ms and rests`,
      { retryAfterMs: Math.max(waitMs, 1) },
    );
  }

  /** A run ended without ending its runner. */
  survived(): void {
    if (this.openForMs === 0) return;
    this.openForMs = 0;
    this.probing = false;
    this.crashTimes = [];
  }

  /** A run ended its runner. */
  crashed(): void {
    const now = this.clock.now();
    const { crashes, windowMs, openMs, maxOpenMs } = this.options;
    this.crashTimes = this.crashTimes.filter((time) => now - time < windowMs).concat(now);
    if (this.openForMs === 0 && this.crashTimes.length < crashes) return;
    this.openForMs = this.openForMs === 0 ? openMs : Math.min(this.openForMs * 2, maxOpenMs);
    this.openUntil = now + this.openForMs;
    this.probing = false;
  }
}
