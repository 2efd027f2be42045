import type { LogRecord } from '../sink/log-record.js';
import type { SinkStats } from './sink-stats.js';

/** What becomes of records between a request and its destination: one of the two policies. */
export interface Keeping {
  readonly stats: SinkStats;
  /** Opens what it needs, before the first record. @throws {SINK_ERR_SPILL_LOCKED | SINK_ERR_SPILL} */
  start(): Promise<void>;
  /** Nothing: the answer may leave at once. A promise: when it is fulfilled. */
  keep(record: LogRecord): void | Promise<void>;
  /** Of a call that no record could be made of. @throws what its request fails with; best-effort: it goes on */
  unmade(error: unknown): void;
  /** @throws what a request is refused with while records cannot be kept */
  admit(): void;
  /** Delivers what is there, for up to `timeoutMs`, and closes the destination. */
  close(timeoutMs: number): Promise<void>;
}
