import { Worker } from 'node:worker_threads';
import { decodeArrowStream, encodeArrowStream, type Frame } from '@witan/core/frame';
import { destinationError, unavailable } from '../destinations.errors.js';
import { loadPeer } from '../load-peer.js';
import type { ParquetAnswer, ParquetCompression, ParquetTask } from './parquet-task.js';

type Request = ParquetTask extends infer Task ? (Task extends unknown ? Omit<Task, 'id'> : never) : never;
interface Waiting {
  readonly resolve: (answer: ParquetAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** Polars in a thread of its own, started when it is first needed; several tasks are worked off in turn. */
export class ParquetThread {
  private worker: Worker | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private last = 0;

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

  async close(): Promise<void> {
    const { worker } = this;
    this.worker = undefined;
    await worker?.terminate();
  }

  private async ask(request: Request): Promise<ParquetAnswer> {
    await ParquetThread.check();
    const id = ++this.last;
    const answer = await new Promise<ParquetAnswer>((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      const worker = this.running();
      // While it works, the process stays.
      worker.ref();
      worker.postMessage({ ...request, id });
    });
    if (answer.error !== undefined) throw destinationError('SINK_ERR_UNAVAILABLE', `Parquet: ${answer.error}`);
    return answer;
  }

  private running(): Worker {
    if (this.worker) return this.worker;
    const worker = new Worker(new URL('./parquet-worker.js', import.meta.url));
    worker.unref();
    const lost = (error: unknown): void => {
      if (this.worker === worker) this.worker = undefined;
      for (const { reject } of this.waiting.values()) reject(unavailable('the thread that writes Parquet', error));
      this.waiting.clear();
    };
    worker.on('message', (answer: ParquetAnswer) => {
      this.waiting.get(answer.id)?.resolve(answer);
      this.waiting.delete(answer.id);
      if (this.waiting.size === 0) worker.unref();
    });
    worker.once('error', lost);
    worker.once('exit', () => lost('it ended'));
    return (this.worker = worker);
  }
}
