import type { TransferListItem, Worker } from 'node:worker_threads';
import { unavailable } from './destinations.errors.js';

interface Waiting<A> {
  readonly resolve: (answer: A) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A thread of our own that answers tasks by their ids, started when it is first needed; several are worked off in turn.
 * It keeps the process alive only while it works.
 */
export class TaskThread<T extends object, A extends { readonly id: number }> {
  private worker: Worker | undefined;
  private readonly waiting = new Map<number, Waiting<A>>();
  private last = 0;

  constructor(
    /** For messages: `the thread that writes lines`. */
    private readonly what: string,
    private readonly start: () => Worker,
  ) {}

  /** @throws {SINK_ERR_UNAVAILABLE} (rejects) when the thread is lost */
  ask(task: T, transfer: readonly TransferListItem[] = []): Promise<A> {
    const id = ++this.last;
    return new Promise<A>((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      const worker = this.running();
      worker.ref();
      worker.postMessage({ ...task, id }, transfer);
    });
  }

  async close(): Promise<void> {
    const { worker } = this;
    this.worker = undefined;
    await worker?.terminate();
  }

  private running(): Worker {
    if (this.worker) return this.worker;
    const worker = this.start();
    worker.unref();
    const lost = (error: unknown): void => {
      if (this.worker === worker) this.worker = undefined;
      for (const { reject } of this.waiting.values()) reject(unavailable(this.what, error));
      this.waiting.clear();
    };
    worker.on('message', (answer: A) => {
      this.waiting.get(answer.id)?.resolve(answer);
      this.waiting.delete(answer.id);
      if (this.waiting.size === 0) worker.unref();
    });
    worker.once('error', lost);
    worker.once('exit', () => lost('it ended'));
    return (this.worker = worker);
  }
}
