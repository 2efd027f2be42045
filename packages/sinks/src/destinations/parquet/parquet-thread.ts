import { Worker } from 'node:worker_threads';
import { decodeArrowStream, encodeArrowStream, type Frame } from '@witan/core/frame';
import { destinationError } from '../destinations.errors.js';
import { loadPeer } from '../load-peer.js';
import { TaskThread } from '../task-thread.js';
import type { ParquetAnswer, ParquetCompression, ParquetTask } from './parquet-task.js';

type Request = ParquetTask extends infer Task ? (Task extends unknown ? Omit<Task, 'id'> : never) : never;

/** Polars in a thread of its own. */
export class ParquetThread {
  private readonly thread = new TaskThread<Request, ParquetAnswer>(
    'the thread that writes Parquet',
    () => new Worker(new URL('./parquet-worker.js', import.meta.url)),
  );

  /** @throws {SINK_ERR_PEER} when nodejs-polars is not installed */
  static async check(): Promise<void> {
    await loadPeer('nodejs-polars', () => Promise.resolve(import.meta.resolve('nodejs-polars')));
  }

  /** A Parquet file's bytes. */
  async encode(frame: Frame, compression: ParquetCompression): Promise<Uint8Array> {
    const arrow = encodeArrowStream(frame);
    return (await this.ask({ kind: 'encode', arrow, compression })).bytes!;
  }

  /** A file of an Arrow stream made into one of Parquet. */
  async convert(journal: string, path: string, compression: ParquetCompression): Promise<void> {
    await this.ask({ kind: 'convert', journal, path, compression });
  }

  async read(path: string): Promise<Frame> {
    const { bytes } = await this.ask({ kind: 'read', path });
    return decodeArrowStream(bytes!, { maxBytes: 2 ** 32 });
  }

  close(): Promise<void> {
    return this.thread.close();
  }

  private async ask(request: Request): Promise<ParquetAnswer> {
    await ParquetThread.check();
    const answer = await this.thread.ask(request);
    if (answer.error !== undefined) throw destinationError('SINK_ERR_UNAVAILABLE', `Parquet: ${answer.error}`);
    return answer;
  }
}
