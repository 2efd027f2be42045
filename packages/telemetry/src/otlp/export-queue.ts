import type { Clock, TimerHandle } from '@witan/core';

/** The part of OpenTelemetry's exporters that is needed. */
export interface ItemExporter<T> {
  export(items: T[], done: (result: { readonly code: number; readonly error?: Error }) => void): void;
  shutdown?(): Promise<void>;
}

export interface ExportQueueOptions {
  readonly maxItems: number;
  readonly maxBatch: number;
  readonly delayMs: number;
  /** How long one export may take before the next begins without it. */
  readonly timeoutMs: number;
}

/** What became of the items. */
export interface ExportCounts {
  readonly sent: number;
  /** There was no room for them, or no time at the end. */
  readonly dropped: number;
  /** Their export failed, and they are gone. */
  readonly failed: number;
}

/**
 * Items on their way to an exporter: a bounded number of them, one export at a time, and never in anybody's way. What
 * is lost is counted.
 */
export class ExportQueue<T> {
  private items: T[] = [];
  private timer: TimerHandle | undefined;
  private sending: Promise<void> | undefined;
  private closed = false;
  private sent = 0;
  private dropped = 0;
  private failed = 0;

  constructor(
    private readonly exporter: ItemExporter<T>,
    private readonly options: ExportQueueOptions,
    private readonly clock: Clock,
    /** Told what an export failed with. */
    private readonly report: (error: unknown) => void,
  ) {}

  get counts(): ExportCounts {
    const { sent, dropped, failed } = this;
    return { sent, dropped, failed };
  }

  get waiting(): number {
    return this.items.length;
  }

  add(item: T): void {
    const { maxItems, maxBatch, delayMs } = this.options;
    if (this.closed || this.items.length >= maxItems) {
      this.dropped++;
      return;
    }
    this.items.push(item);
    if (this.sending) return;
    if (this.items.length >= maxBatch) this.send();
    else this.timer ??= this.clock.setTimer(() => this.send(), delayMs);
  }

  /** Sends what is there, for at most `limitMs`. */
  async flush(limitMs: number): Promise<void> {
    const deadline = this.clock.now() + limitMs;
    while ((this.items.length > 0 || this.sending) && this.clock.now() < deadline) {
      if (!this.sending) this.send();
      await this.until(deadline);
    }
  }

  /** {@link flush}, and takes no more; what is left is dropped. */
  async close(limitMs: number): Promise<void> {
    await this.flush(limitMs);
    this.closed = true;
    this.timer?.cancel();
    this.dropped += this.items.length;
    this.items = [];
  }

  private send(): void {
    this.timer?.cancel();
    this.timer = undefined;
    if (this.sending || this.items.length === 0) return;
    const batch = this.items.splice(0, this.options.maxBatch);
    this.sending = this.deliver(batch).then(() => {
      this.sending = undefined;
      this.next();
    });
  }

  private next(): void {
    const { maxBatch, delayMs } = this.options;
    if (this.items.length >= maxBatch) this.send();
    else if (this.items.length > 0 && !this.closed) this.timer ??= this.clock.setTimer(() => this.send(), delayMs);
  }

  /** Resolves when the export is over, or has taken too long; never rejects. */
  private deliver(batch: T[]): Promise<void> {
    const { timeoutMs } = this.options;
    return new Promise((resolve) => {
      let open = true;
      const settle = (error: unknown): void => {
        if (!open) return;
        open = false;
        timer.cancel();
        if (error === undefined) this.sent += batch.length;
        else this.lost(batch.length, error);
        resolve();
      };
      const timer = this.clock.setTimer(() => settle(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
      try {
        this.exporter.export(batch, ({ code, error }) =>
          settle(code === 0 ? undefined : (error ?? new Error('refused'))),
        );
      } catch (error) {
        settle(error);
      }
    });
  }

  private lost(count: number, error: unknown): void {
    this.failed += count;
    this.report(error);
  }

  private until(deadline: number): Promise<void> {
    const { sending } = this;
    if (!sending) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.clock.setTimer(resolve, Math.max(0, deadline - this.clock.now()));
      void sending.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}
