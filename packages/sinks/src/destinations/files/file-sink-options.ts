import type { Clock } from '@witan/core';
import type { ParquetCompression } from '../parquet/parquet-task.js';

/** Options of `FileSink`. */
export interface FileSinkOptions {
  /** The folder below which everything is written; made when it is not there. */
  readonly folder: string;
  /** @default 'ndjson' */
  readonly format?: 'ndjson' | 'parquet';
  /**
   * The files' paths below the folder; see `PathTemplate` for the tokens.
   * @default `dt={yyyy}-{MM}-{dd}/hour={HH}/{name}-{uuid}` and the format's ending
   */
  readonly path?: string;
  /** What `{name}` stands for in the path. @default 'records' */
  readonly name?: string;
  /** NDJSON in gzip members, one for each write: tools read the file as one. @default false */
  readonly gzip?: boolean;
  /** Parquet's compression. @default 'zstd' */
  readonly compression?: ParquetCompression;
  /** A file is finished when it has as many bytes (of Parquet: before it is compressed). @default 67_108_864 (64 MiB) */
  readonly maxBytes?: number;
  /** A file is finished when it is as old. @default 300_000 (5 minutes) */
  readonly maxAgeMs?: number;
  /** Files that are written at a time; beyond it, the one that waited longest is finished. @default 32 */
  readonly maxOpenFiles?: number;
  /**
   * What must outlive a loss of power: with `write` all that was written, with `file` only finished files. A process that
   * is killed loses neither. @default 'file'
   */
  readonly fsync?: 'write' | 'file';
  /** Time, for tests. @default the system's */
  readonly clock?: Clock;
}
