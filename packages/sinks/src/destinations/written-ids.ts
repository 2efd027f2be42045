import type { LogRecord } from '../sink/log-record.js';

/** So many are remembered at most: of batches that were given up nobody asks again. */
const MAX_IDS = 1_000_000;

/** The records of failed writes that the destination has all the same: the next try leaves them out. */
export class WrittenIds {
  private readonly ids = new Set<string>();

  get isEmpty(): boolean {
    return this.ids.size === 0;
  }

  has(record: LogRecord): boolean {
    return this.ids.has(record.id);
  }

  /** These are there, whatever becomes of the rest of their batch. */
  add(records: readonly LogRecord[]): void {
    // Forgotten: at the worst a record is there twice.
    if (this.ids.size > MAX_IDS) this.ids.clear();
    for (const { id } of records) this.ids.add(id);
  }

  /** The whole batch is there: it does not come again. */
  settle(batch: readonly LogRecord[]): void {
    for (const { id } of batch) this.ids.delete(id);
  }
}
