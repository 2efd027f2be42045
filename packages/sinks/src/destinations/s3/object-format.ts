import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { LogRecord } from '../../sink/log-record.js';
import { encodeInferenceLogs } from '../hushar/encode-inference-logs.js';
import { flatFrame, layoutOf } from '../layout/flat-frame.js';
import { jsonLine } from '../layout/json-line.js';
import { ParquetThread } from '../parquet/parquet-thread.js';
import type { S3SinkOptions } from './s3-sink-options.js';

const compress = promisify(gzip);
const BY_HOUR = 'dt={yyyy}-{MM}-{dd}/hour={HH}/{name}-{uuid}';

/** How records become one object. */
export interface ObjectFormat {
  /** The default key. */
  readonly key: string;
  readonly contentType: string;
  /** Records with different texts do not share an object. */
  layout(record: LogRecord): string;
  encode(records: readonly LogRecord[]): Promise<Uint8Array>;
  close(): Promise<void>;
}

export function objectFormat({ format, gzip: gzipped, compression, rowIdColumn }: S3SinkOptions): ObjectFormat {
  if (format === 'parquet') return parquet(compression ?? 'zstd');
  if (format === 'hushar') return hushar(rowIdColumn);
  return ndjson(gzipped ?? false);
}

function ndjson(gzipped: boolean): ObjectFormat {
  return {
    key: `${BY_HOUR}.ndjson${gzipped ? '.gz' : ''}`,
    contentType: gzipped ? 'application/gzip' : 'application/x-ndjson',
    layout: () => '',
    encode: async (records) => {
      const lines = Buffer.from(records.map((record) => `${jsonLine(record)}\n`).join(''));
      return gzipped ? compress(lines) : lines;
    },
    close: () => Promise.resolve(),
  };
}

function parquet(compression: NonNullable<S3SinkOptions['compression']>): ObjectFormat {
  const thread = new ParquetThread();
  return {
    key: `${BY_HOUR}.parquet`,
    contentType: 'application/vnd.apache.parquet',
    layout: layoutOf,
    encode: (records) => thread.encode(flatFrame(records), compression),
    close: () => thread.close(),
  };
}

function hushar(rowIdColumn: string | undefined): ObjectFormat {
  return {
    key: 'year={yyyy}/month={MM}/day={dd}/hour={HH}/mi={mm}/{uuid}_{micros}.pb',
    contentType: 'application/x-protobuf',
    layout: () => '',
    encode: (records) => Promise.resolve(encodeInferenceLogs(records, rowIdColumn)),
    close: () => Promise.resolve(),
  };
}
