import { Observable } from 'rxjs';

/** What Nest's `bufferUntilDrained` gives: where a call's messages go, and the stream that the handler gets. */
export interface MessageBuffer {
  readonly subject: { asObservable(): Observable<unknown> & { drainBuffer(): void } };
  next(value: unknown): void;
  error(error: unknown): void;
  complete(): void;
}

/**
 * Nest keeps the messages that come before a handler runs, and replays them one turn after it was called; those that
 * come in between would overtake them. Here they wait until the replay is over.
 */
export function inOrder(buffer: MessageBuffer): MessageBuffer {
  let held: (() => void)[] | undefined;
  const inTurn = (act: () => void): void => void (held ? held.push(act) : act());
  const release = (): void => {
    const acts = held!;
    held = undefined;
    for (const act of acts) act();
  };
  const ordered = (stream: Observable<unknown> & { drainBuffer(): void }): Observable<unknown> => {
    let drained = false;
    const drainBuffer = (): void => {
      stream.drainBuffer();
      if (drained) return;
      drained = true;
      held = [];
      // After Nest's own, which replays.
      setImmediate(release);
    };
    return Object.assign(new Observable<unknown>((subscriber) => stream.subscribe(subscriber)), { drainBuffer });
  };
  const subject = new Proxy(buffer.subject, {
    get: (target, name) =>
      name === 'asObservable' ? () => ordered(target.asObservable()) : (Reflect.get(target, name) as unknown),
  });
  return {
    subject,
    next: (value) => inTurn(() => buffer.next(value)),
    error: (error) => inTurn(() => buffer.error(error)),
    complete: () => inTurn(() => buffer.complete()),
  };
}
