import { type Clock, WitanError } from '@witan/core';
import type { LogRecord } from '../sink/log-record.js';
import { isPoison, poisonIds } from '../sink/poison.js';
import type { Sink } from '../sink/sink.js';
import { textOf } from '../sink/text-of.js';
import { type RetryOptions, waitMs } from './backoff.js';
import type { DeadLetters } from './dead-letters.js';
import { RecordBatch } from './record-batch.js';
import type { SinkCounters } from './sink-stats.js';

/** Longer reasons are cut off. */
const MAX_REASON = 500;

export interface DeliveryParts {
  readonly sink: Sink;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly counters: SinkCounters;
  readonly retry: RetryOptions;
  /** Tries of one batch; `Infinity`: until it is taken. */
  readonly attempts: number;
  /** Of one write. */
  readonly timeoutMs: number;
  readonly deadLetters: DeadLetters | undefined;
  /** Fires when nothing is to be tried any more. */
  readonly stop: AbortSignal;
}

/** Gives batches to a destination: tries again, finds poisoned records, counts. Nothing that a destination does throws here. */
export class Delivery {
  constructor(private readonly parts: DeliveryParts) {}

  /** Gives `false` when it was stopped before the destination took all of it. */
  async deliver(batch: RecordBatch): Promise<boolean> {
    const { counters, attempts, stop } = this.parts;
    let left = batch;
    for (let attempt = 1; left.count > 0;) {
      if (stop.aborted) return false;
      const error = await this.attempt(left);
      if (error === undefined) return this.delivered(left);
      if (isPoison(error)) {
        left = await this.withoutPoison(left, error);
        continue;
      }
      counters.lastError = shortly(error);
      if (attempt >= attempts) return this.dropped(left);
      counters.retried++;
      counters.publish();
      const askedMs = WitanError.is(error) ? error.retryAfterMs : undefined;
      await this.pause(waitMs(attempt++, this.parts.retry, this.parts.random, askedMs));
    }
    return true;
  }

  private delivered(batch: RecordBatch): true {
    const { counters, clock } = this.parts;
    counters.delivered += batch.count;
    counters.lastError = undefined;
    counters.lagMs = Math.max(0, clock.epochMs() - batch.firstEpochMs);
    counters.publish();
    return true;
  }

  private dropped(batch: RecordBatch): true {
    this.parts.counters.dropped += batch.count;
    this.parts.counters.publish();
    return true;
  }

  /** What the write failed with; `undefined`: it is there. */
  private async attempt(batch: RecordBatch): Promise<unknown> {
    const { sink, clock, timeoutMs, stop } = this.parts;
    const controller = new AbortController();
    const abort = (): void => controller.abort(new Error('stopped'));
    const late = clock.setTimer(() => controller.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    stop.addEventListener('abort', abort, { once: true });
    try {
      const { signal } = controller;
      const { encoded } = batch;
      const writing =
        sink.writeEncoded && encoded
          ? sink.writeEncoded(encoded, batch.count, signal)
          : sink.write(batch.records, signal);
      await settledOrAborted(writing, signal);
      return undefined;
    } catch (error) {
      return error ?? new Error('the destination threw nothing');
    } finally {
      late.cancel();
      stop.removeEventListener('abort', abort);
    }
  }

  /** The batch without the records that can never be written. Where they are not named, it is halved until they are found. */
  private async withoutPoison({ records }: RecordBatch, error: WitanError): Promise<RecordBatch> {
    const named = new Set(poisonIds(error));
    const poisoned = records.filter(({ id }) => named.has(id));
    if (poisoned.length > 0) {
      for (const record of poisoned) await this.bury(record, error.message);
      return RecordBatch.of(records.filter(({ id }) => !named.has(id)));
    }
    if (records.length === 1) {
      await this.bury(records[0]!, error.message);
      return RecordBatch.of([]);
    }
    const middle = records.length >>> 1;
    const isOver = await this.deliver(RecordBatch.of(records.slice(0, middle)));
    return RecordBatch.of(isOver ? records.slice(middle) : records);
  }

  /** Takes note of a record that nothing takes. */
  async bury(record: LogRecord, reason: string): Promise<void> {
    const { counters, clock, deadLetters } = this.parts;
    counters.dead++;
    await deadLetters?.add(record, reason.slice(0, MAX_REASON), clock.epochMs());
  }

  private pause(ms: number): Promise<void> {
    const { clock, stop } = this.parts;
    if (stop.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = clock.setTimer(() => {
        stop.removeEventListener('abort', ended);
        resolve();
      }, ms);
      const ended = (): void => {
        timer.cancel();
        resolve();
      };
      stop.addEventListener('abort', ended, { once: true });
    });
  }
}

/** A destination may never answer, or long after. */
function settledOrAborted(writing: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(signal.reason as Error);
    if (signal.aborted) return aborted();
    signal.addEventListener('abort', aborted, { once: true });
    Promise.resolve(writing)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', aborted));
  });
}

function shortly(error: unknown): string {
  const text = textOf(error);
  return (WitanError.is(error) ? `${error.code}: ${text}` : text).slice(0, MAX_REASON);
}
