/** Whether a result is a stream: whatever gives its Frames one after the other. */
export function isStream(result: unknown): result is AsyncIterable<unknown> {
  return typeof (result as Partial<AsyncIterable<unknown>> | null | undefined)?.[Symbol.asyncIterator] === 'function';
}

/** Lets go of a stream that nobody will read; what that throws concerns nobody any more. */
export function releaseStream(stream: AsyncIterable<unknown>): void {
  try {
    releaseIterator(stream[Symbol.asyncIterator]());
  } catch {
    // A hand-written stream may throw at once.
  }
}

/** Lets a generator that is read no further run its `finally`; what that throws concerns nobody any more. */
export function releaseIterator(iterator: AsyncIterator<unknown>): void {
  try {
    void Promise.resolve(iterator.return?.()).catch(() => undefined);
  } catch {
    // A hand-written iterator may throw at once.
  }
}
