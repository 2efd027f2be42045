import { Worker } from 'node:worker_threads';
import { TaskThread } from '../task-thread.js';
import type { LineAnswer, LineShare, LineTask } from './line-task.js';

/** Makes lines of records off the thread that answers requests. */
export class LineThread {
  private readonly thread = new TaskThread<Omit<LineTask, 'id'>, LineAnswer>(
    'the thread that writes lines',
    () => new Worker(new URL('./line-worker.js', import.meta.url)),
  );

  constructor(private readonly gzip: boolean) {}

  /** `undefined`: one of the records has no line. @throws {SINK_ERR_UNAVAILABLE} when the thread is lost */
  async shares(records: Uint8Array): Promise<readonly LineShare[] | undefined> {
    const bytes = new Uint8Array(records);
    return (await this.thread.ask({ bytes, gzip: this.gzip }, [bytes.buffer])).shares;
  }

  close(): Promise<void> {
    return this.thread.close();
  }
}
