import type { Clock } from '@witan/core';
import type { ParquetCompression } from '../parquet/parquet-task.js';

/** Keys for an S3-compatible service. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Options of `S3Sink`. */
export interface S3SinkOptions {
  /** `s3://BUCKET` or `s3://BUCKET/PREFIX`. */
  readonly url: string;
  /** `hushar`: messages `InferenceLogs` of the Hushar dialect. @default 'ndjson' */
  readonly format?: 'ndjson' | 'parquet' | 'hushar';
  /**
   * The objects' keys below the prefix; see `PathTemplate` for the tokens. `{uuid}` follows from the ids of the records in
   * it, so that a batch that is written again takes the same key.
   * @default `dt={yyyy}-{MM}-{dd}/hour={HH}/{name}-{uuid}` and the format's ending; for `hushar` Hushar's own keys,
   * `year={yyyy}/month={MM}/day={dd}/hour={HH}/mi={mm}/{uuid}_{micros}.pb`
   */
  readonly key?: string;
  /** What `{name}` stands for in the key. @default 'records' */
  readonly name?: string;
  /** NDJSON with gzip. @default false */
  readonly gzip?: boolean;
  /** Parquet's compression. @default 'zstd' */
  readonly compression?: ParquetCompression;
  /** The column with Hushar's row ids. @default the row's number in its record */
  readonly rowIdColumn?: string;
  /** The URL of a service other than AWS. @default AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or AWS itself */
  readonly endpoint?: string;
  /** @default what the AWS SDK finds (AWS_REGION, profile), else `us-east-1` */
  readonly region?: string;
  /** @default what the AWS SDK finds (environment, profile, role) */
  readonly credentials?: S3Credentials;
  /** The bucket in the path, not in the host name. @default true with an `endpoint` */
  readonly forcePathStyle?: boolean;
  /** How long one object may take. @default 30_000 */
  readonly timeoutMs?: number;
  /** Objects that are sent at a time. @default 4 */
  readonly concurrency?: number;
  /** Time, for tests. @default the system's */
  readonly clock?: Clock;
}
