/** At most so many at a time, in the order in which they came. */
export class Slots {
  private readonly queue: (() => void)[] = [];

  constructor(private free: number) {}

  /** @throws the signal's reason, when it gives up while waiting or had before */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.enter(signal);
    try {
      return await work();
    } finally {
      const next = this.queue.shift();
      if (next) next();
      else this.free++;
    }
  }

  private enter(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      if (this.free > 0) {
        this.free--;
        return resolve();
      }
      const go = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        this.queue.splice(this.queue.indexOf(go), 1);
        reject(signal.reason as Error);
      };
      this.queue.push(go);
      signal.addEventListener('abort', leave, { once: true });
    });
  }
}
