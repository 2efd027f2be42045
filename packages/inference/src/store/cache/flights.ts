interface Flight<T, P> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  readonly listeners: Set<(progress: P) => void>;
  callers: number;
}

/** Work that several may ask for at once is done once; it is given up when all who asked have given up. */
export class Flights<T, P> {
  private readonly flights = new Map<string, Flight<T, P>>();
  /** Flights that all callers have left, until they have ended: two must not write one file. */
  private readonly ending = new Map<string, Promise<unknown>>();

  /** @throws what the work threw, or the reason of this caller's signal */
  join(
    key: string,
    work: (signal: AbortSignal, report: (progress: P) => void) => Promise<T>,
    signal: AbortSignal | undefined,
    onProgress: ((progress: P) => void) | undefined,
  ): Promise<T> {
    signal?.throwIfAborted();
    const flight = this.flights.get(key) ?? this.start(key, work);
    flight.callers++;
    // A function of its own for each caller: two may give the same one.
    const listener = (progress: P): void => onProgress?.(progress);
    flight.listeners.add(listener);
    return new Promise<T>((resolve, reject) => {
      let left = false;
      const leave = (): void => {
        if (left) return;
        left = true;
        signal?.removeEventListener('abort', giveUp);
        flight.listeners.delete(listener);
        flight.callers--;
      };
      const giveUp = (): void => {
        leave();
        if (flight.callers === 0) this.cancel(key, flight);
        reject(signal!.reason as Error);
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      flight.result.then(resolve, reject).finally(leave);
    });
  }

  private start(key: string, work: (signal: AbortSignal, report: (progress: P) => void) => Promise<T>): Flight<T, P> {
    const controller = new AbortController();
    const listeners = new Set<(progress: P) => void>();
    const report = (progress: P): void => listeners.forEach((listener) => listener(progress));
    const before = this.ending.get(key);
    const result = before ? before.then(() => work(controller.signal, report)) : work(controller.signal, report);
    const flight: Flight<T, P> = { result, controller, listeners, callers: 0 };
    this.flights.set(key, flight);
    const land = (): void => {
      if (this.flights.get(key) === flight) this.flights.delete(key);
    };
    result.then(land, land);
    return flight;
  }

  private cancel(key: string, flight: Flight<T, P>): void {
    if (this.flights.get(key) === flight) this.flights.delete(key);
    const ended: Promise<void> = flight.result.then(
      () => undefined,
      () => undefined,
    );
    this.ending.set(key, ended);
    void ended.then(() => {
      if (this.ending.get(key) === ended) this.ending.delete(key);
    });
    flight.controller.abort();
  }
}
