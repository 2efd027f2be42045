import type { Clock, TimerHandle } from '@witan/core';

/** @default of every remote store's `timeoutMs` */
export const DEFAULT_TIMEOUT_MS = 30_000;

/** Ends a request when nothing has come for a while, however long it takes in all; or when its caller gives up. */
export class StallGuard {
  /** Set when the time without progress was too long. */
  stalled = false;
  private readonly controller = new AbortController();
  private readonly onOuter = (): void => this.controller.abort(this.outer!.reason);
  private timer: TimerHandle;
  private touchedAt: number;

  constructor(
    private readonly clock: Clock,
    readonly timeoutMs: number,
    private readonly outer?: AbortSignal,
  ) {
    outer?.throwIfAborted();
    outer?.addEventListener('abort', this.onOuter, { once: true });
    this.touchedAt = clock.now();
    this.timer = clock.setTimer(() => this.check(), timeoutMs);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Something came. */
  touch(): void {
    this.touchedAt = this.clock.now();
  }

  close(): void {
    this.timer.cancel();
    this.outer?.removeEventListener('abort', this.onOuter);
  }

  /** Ends what is still under way, and {@link close}s. */
  abandon(): void {
    this.close();
    this.controller.abort();
  }

  /** The caller's own reason, when it was the caller who gave up. */
  throwIfCalledOff(): void {
    this.outer?.throwIfAborted();
  }

  private check(): void {
    const leftMs = this.touchedAt + this.timeoutMs - this.clock.now();
    if (leftMs > 0) {
      this.timer = this.clock.setTimer(() => this.check(), leftMs);
      return;
    }
    this.stalled = true;
    this.controller.abort();
  }
}
