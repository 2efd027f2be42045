import type { LogDestination } from './log-options.js';

/** Lines are written together once so many bytes wait, or after the time below. */
const WRITE_BYTES = 8 * 1024;
const WRITE_EVERY_MS = 200;

/** The part of pino's destination (sonic-boom) that is needed. */
interface Destination {
  write(text: string): boolean;
  on(event: 'drop' | 'error', listener: (what: unknown) => void): void;
  once(event: 'ready' | 'error' | 'close', listener: (what?: unknown) => void): void;
  flush(done: (error?: Error | null) => void): void;
  end(): void;
}

/** Lines on their way to a file or a stream. Writing never waits for the disk or the reader; what is lost is counted. */
export class LineWriter {
  private dropped = 0;
  private readonly timer: NodeJS.Timeout;

  private constructor(private readonly destination: Destination) {
    // A disk that is full or a reader that is gone costs lines, not the process.
    for (const event of ['drop', 'error'] as const) destination.on(event, () => void this.dropped++);
    this.timer = setInterval(() => destination.flush(() => undefined), WRITE_EVERY_MS);
    this.timer.unref();
  }

  /** @throws what `refuse` makes of a file that cannot be appended to */
  static async open(
    destination: LogDestination,
    maxWaitingBytes: number,
    refuse: (file: string, cause: unknown) => Error,
  ): Promise<LineWriter> {
    const { pino } = await import('pino');
    const target = pino.destination({
      dest: destination === 'stdout' ? 1 : destination === 'stderr' ? 2 : destination.file,
      sync: false,
      minLength: WRITE_BYTES,
      maxLength: maxWaitingBytes,
      append: true,
    }) as unknown as Destination;
    if (typeof destination === 'object')
      await new Promise<void>((resolve, reject) => {
        target.once('ready', () => resolve());
        target.once('error', (cause) => reject(refuse(destination.file, cause)));
      });
    return new LineWriter(target);
  }

  /** What pino writes to. */
  get stream(): object {
    return this.destination;
  }

  /** Lines that were not written because too many waited, or writing failed. */
  get droppedLines(): number {
    return this.dropped;
  }

  /** @param line without its end */
  write(line: string): void {
    this.destination.write(`${line}\n`);
  }

  /** Resolves when what is there was written, or `limitMs` have passed. Nothing may be written afterwards. */
  async close(limitMs: number): Promise<void> {
    clearInterval(this.timer);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.destination.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      this.destination.end();
    });
  }
}
