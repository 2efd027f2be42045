import { Frame } from '@witan/core/frame';
import type { LogRecord } from '../sink/log-record.js';
import type { Sink } from '../sink/sink.js';

/** A destination whose behaviour is the test's. */
export class MemorySink implements Sink {
  readonly name = 'memory';
  readonly records: LogRecord[] = [];
  readonly batches: number[] = [];
  closed = 0;
  /** Called with each batch; what it throws, or rejects with, the write does. */
  behave: (batch: readonly LogRecord[], signal: AbortSignal) => void | Promise<void> = () => {};

  async write(batch: readonly LogRecord[], signal: AbortSignal): Promise<void> {
    await this.behave(batch, signal);
    this.records.push(...batch);
    this.batches.push(batch.length);
  }

  async close(): Promise<void> {
    this.closed++;
  }

  get ids(): string[] {
    return this.records.map(({ id }) => id);
  }
}

/** A record of one cell; ids ascend as texts do. */
export function recordOf(id: string, { key = id, size = 1 } = {}): LogRecord {
  const input = Frame.fromColumns({ key: [key], text: ['x'.repeat(size)] });
  return { id, requestId: `r-${id}`, epochMs: 1, durationMs: 1, kind: 'handler', point: 'p', service: 's', input };
}

/** Waits until it is so, while the event loop goes on. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets everything that is under way get as far as it can without time. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve));
}
