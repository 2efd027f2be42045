import { Worker } from 'node:worker_threads';
import { unavailable } from '../destinations.errors.js';
import type { LineAnswer, LineShare, LineTask } from './line-task.js';

interface Waiting {
  readonly resolve: (answer: LineAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** Makes lines of records off the thread that answers requests; started when it is first needed. */
export class LineThread {
  private worker: Worker | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private last = 0;

  constructor(private readonly gzip: boolean) {}

  /** `undefined`: one of the records has no line. @throws {SINK_ERR_UNAVAILABLE} when the thread is lost */
  async shares(records: Uint8Array): Promise<readonly LineShare[] | undefined> {
    const { gzip } = this;
    const id = ++this.last;
    const bytes = new Uint8Array(records);
    const answer = await new Promise<LineAnswer>((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      const worker = this.running();
      // While it works, the process stays.
      worker.ref();
      worker.postMessage({ id, bytes, gzip } satisfies LineTask, [bytes.buffer]);
    });
    return answer.shares;
  }

  async close(): Promise<void> {
    const { worker } = this;
    this.worker = undefined;
    await worker?.terminate();
  }

  private running(): Worker {
    if (this.worker) return this.worker;
    const worker = new Worker(new URL('./line-worker.js', import.meta.url));
    worker.unref();
    const lost = (error: unknown): void => {
      if (this.worker === worker) this.worker = undefined;
      for (const { reject } of this.waiting.values()) reject(unavailable('the thread that writes lines', error));
      this.waiting.clear();
    };
    worker.on('message', (answer: LineAnswer) => {
      this.waiting.get(answer.id)?.resolve(answer);
      this.waiting.delete(answer.id);
      if (this.waiting.size === 0) worker.unref();
    });
    worker.once('error', lost);
    worker.once('exit', () => lost('it ended'));
    return (this.worker = worker);
  }
}
