import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { ArrowStreamWriter } from '@witan/core/frame';
import type { LogRecord } from '../../sink/log-record.js';
import { flatFrame, layoutOf } from '../layout/flat-frame.js';
import { jsonLine } from '../layout/json-line.js';
import type { ParquetCompression } from '../parquet/parquet-task.js';
import type { ParquetThread } from '../parquet/parquet-thread.js';
import { discard, type PartFile, publish, sync } from './part-file.js';

const compress = promisify(gzip);

/** How records become the bytes of a file. */
export interface PartFormat {
  /** The ending of finished files, with its dot. */
  readonly ending: string;
  /** Of files that are being written: one of ours, which {@link finish} and the recovery know. */
  readonly partEnding: string;
  /** Records with different texts do not share a file. */
  layout(record: LogRecord): string;
  /** What turns batches into pieces of one file, in order. */
  encoder(): (records: readonly LogRecord[]) => Promise<Uint8Array>;
  /** Makes the finished file of a part that is sealed. */
  finish(part: string, path: string): Promise<void>;
}

/** One line a record, plain or as a gzip member for each batch. */
export function ndjsonFormat(gzipped: boolean): PartFormat {
  return {
    ending: gzipped ? '.ndjson.gz' : '.ndjson',
    partEnding: '',
    layout: () => '',
    encoder: () => async (records) => {
      const lines = Buffer.from(records.map((record) => `${jsonLine(record)}\n`).join(''));
      return gzipped ? compress(lines) : lines;
    },
    finish: publish,
  };
}

/** Parquet cannot be appended to: an Arrow stream is written first, and made into Parquet when it is complete. */
export function parquetFormat(thread: ParquetThread, compression: ParquetCompression): PartFormat {
  return {
    ending: '.parquet',
    partEnding: '.arrows',
    layout: layoutOf,
    encoder: () => {
      const stream = new ArrowStreamWriter();
      return (records) => Promise.resolve(stream.write(flatFrame(records)));
    },
    finish: async (part, path) => {
      const whole = `${part}.parquet`;
      await thread.convert(part, whole, compression);
      await sync(whole);
      await publish(whole, path);
      await discard(part);
    },
  };
}

/** One file on its way. */
export class PartWriter {
  readonly encode: (records: readonly LogRecord[]) => Promise<Uint8Array>;

  constructor(
    readonly part: PartFile,
    /** Where it will be. */
    readonly path: string,
    format: PartFormat,
    readonly openedAtMs: number,
  ) {
    this.encode = format.encoder();
  }
}
