import type { LogRecord } from './log-record.js';

/**
 * Where records go: files, S3, Kafka, OTLP, or a user's own. Records come in batches; a batch is written again, whole or
 * in parts, until it resolves, so a destination may see a record more than once: always with the same `id`.
 */
export interface Sink {
  /** For messages and counters: `s3://bucket/prefix`. */
  readonly name: string;
  /**
   * Resolves when the destination has all of the batch durably. Never called again for a writer before it is settled;
   * with several writers, called by each of them. `signal` fires when nobody waits any more (time limit, shutdown).
   * @throws {SINK_ERR_POISON} (by `poisonError`) for records that can never be written: they go to the dead-letter file,
   * and the others of the batch are written again. Anything else is tried again later.
   */
  write(batch: readonly LogRecord[], signal: AbortSignal): Promise<void>;
  /**
   * Instead of {@link write}, for destinations that pass records on: the same batch in its binary form, see `encodeRecords`.
   */
  writeEncoded?(batch: Uint8Array, records: number, signal: AbortSignal): Promise<void>;
  /** Makes durable what `write` may still hold back. */
  flush?(): Promise<void>;
  /** Called once, after the last write. */
  close(): Promise<void>;
}
