import type { RetryOptions } from '../policy/backoff.js';
import type { RecordKey } from '../policy/key-of.js';
import type { Sink } from '../sink/sink.js';

/** What both policies have. */
interface CommonOptions {
  /** The destination. */
  readonly to: Sink;
  /** Batches that are written at the same time. Records of one key always have the same writer. @default 1 */
  readonly writers?: number;
  /** What keeps its order: the records of a request, or those with the same first cell of a column. @default 'request' */
  readonly key?: RecordKey;
  /** Most records of one write. @default 500 */
  readonly batchRecords?: number;
  /** How long the first record of a batch waits for others. Milliseconds. @default 200 */
  readonly batchMs?: number;
  /** A write that takes longer has failed. Milliseconds. @default 30_000 */
  readonly timeoutMs?: number;
  /** Waits between tries. */
  readonly retry?: RetryOptions;
  /** How large the dead-letter file may become; what is more is only counted. @default 64 MiB */
  readonly maxDeadLetterBytes?: number;
}

/** No answer waits, and records may be lost: the oldest when the ring is full, all that wait when the process is killed. */
export interface BestEffortOptions extends CommonOptions {
  /** @default 'best-effort' */
  readonly policy?: 'best-effort';
  /** Most records that wait. @default 10_000 */
  readonly maxRecords?: number;
  /** Most bytes that wait, about. @default 64 MiB */
  readonly maxBytes?: number;
  /** Tries of one batch; then it is dropped. @default 5 */
  readonly attempts?: number;
  /** Where records go that the destination can never take. @default they are only counted */
  readonly deadLetterFile?: string;
}

/** Answers leave when their records were handed to write(2) on a file; a killed process loses none of them. */
export interface LosslessOptions extends CommonOptions {
  readonly policy: 'lossless';
  /** The spill folder: of this process alone, on a local disk, and the same after a restart. */
  readonly folder: string;
  /** What a full disk, or `maxSpillBytes`, does: requests are refused (503), or wait. @default 'shed' */
  readonly onFull?: 'shed' | 'block';
  /** `'interval'`: also a power loss costs at most the last `fsyncMs`. @default 'never' */
  readonly fsync?: 'never' | 'interval';
  /** @default 1_000 */
  readonly fsyncMs?: number;
  /** Most undelivered bytes on disk. @default 4 GiB */
  readonly maxSpillBytes?: number;
  /** A file that is larger is followed by the next. @default 16 MiB */
  readonly segmentBytes?: number;
  /** A larger record goes to the dead-letter file without its columns. @default 8 MiB */
  readonly maxRecordBytes?: number;
  /** With `onFull: 'block'`: most bytes that wait in memory; then requests are refused. @default 16 MiB */
  readonly maxBlockedBytes?: number;
  /** Where records go that nothing takes. @default `dead-letters.ndjson` in the folder */
  readonly deadLetterFile?: string;
}

export type SinkOptions = BestEffortOptions | LosslessOptions;

/** `SinksModule.forRoot`. */
export interface SinksModuleOptions {
  /** By the names that `@Log` and `logTo` use. */
  readonly sinks: Readonly<Record<string, SinkOptions>>;
  /** The secret of `redact: { column: 'hash' }`: the same key gives the same hashes everywhere. */
  readonly hashKey?: string;
  /** How long the end of the application waits for deliveries. Milliseconds. @default 5_000 */
  readonly shutdownMs?: number;
  /** From 0 to below 1: ids and waits, for tests. @default Math.random */
  readonly random?: () => number;
}
