interface Job {
  readonly run: () => Promise<unknown>;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/** Loads a few models at a time, so that a burst of them leaves cores and memory for requests. */
export class LoadQueue {
  private readonly asked: Job[] = [];
  private readonly ahead: Job[] = [];
  private running = 0;
  private closed: Error | undefined;

  constructor(private readonly limit: number) {}

  /** Runs `job` when its turn comes. `ahead`: nobody waits for it, so that others go first. */
  run<T>(job: () => Promise<T>, ahead = false): Promise<T> {
    if (this.closed) return Promise.reject(this.closed);
    return new Promise<T>((resolve, reject) => {
      (ahead ? this.ahead : this.asked).push({ run: job, resolve: resolve as Job['resolve'], reject });
      this.next();
    });
  }

  /** Refuses what waits and what comes; resolves when nothing runs any more. */
  async close(error: Error): Promise<void> {
    this.closed = error;
    for (const job of [...this.asked.splice(0), ...this.ahead.splice(0)]) job.reject(error);
    if (this.running > 0) await new Promise<void>((resolve) => (this.whenIdle = resolve));
  }

  private whenIdle: (() => void) | undefined;

  private next(): void {
    if (this.running >= this.limit) return;
    const job = this.asked.shift() ?? this.ahead.shift();
    if (!job) return;
    this.running++;
    void job
      .run()
      .then(job.resolve as (value: unknown) => void, job.reject)
      .finally(() => {
        this.running--;
        if (this.running === 0) this.whenIdle?.();
        this.next();
      });
  }
}
