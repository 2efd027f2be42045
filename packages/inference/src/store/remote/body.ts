import { storeError } from '../store.errors.js';
import type { StallGuard } from './stall-guard.js';

/** What a body must be, and how its failures read. */
export interface BodyExpectation {
  /** For messages: the store and the path. */
  readonly what: string;
  /** Bytes to come, `skip` not among them. */
  readonly bytes: number;
  /** Bytes to drop first, where a server began at the beginning though it was asked for the rest. */
  readonly skip: number;
  /** Makes what the transport threw into an error of the store table. */
  readonly faultOf: (error: unknown) => unknown;
}

/**
 * The bytes of a body, exactly as many as expected.
 * @throws {INF_ERR_STORE_CHANGED} when more come, {INF_ERR_STORE_UNAVAILABLE} when fewer do or nothing comes for a while
 */
export async function* bodyOf(
  source: AsyncIterable<Uint8Array>,
  guard: StallGuard,
  expectation: BodyExpectation,
): AsyncGenerator<Uint8Array> {
  let skip = expectation.skip;
  let left = expectation.bytes;
  try {
    for await (const chunk of faultsMapped(source, guard, expectation)) {
      const part = skip > 0 ? chunk.subarray(Math.min(skip, chunk.length)) : chunk;
      skip -= chunk.length - part.length;
      if (part.length > left) throw tooLong(expectation);
      left -= part.length;
      if (part.length > 0) yield part;
    }
    if (left > 0) throw tooShort(expectation, left);
  } finally {
    guard.abandon();
  }
}

async function* faultsMapped(
  source: AsyncIterable<Uint8Array>,
  guard: StallGuard,
  { faultOf }: BodyExpectation,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of source) {
      guard.touch();
      yield chunk;
    }
  } catch (error) {
    throw faultOf(error);
  }
}

function tooLong({ what, bytes }: BodyExpectation): Error {
  return storeError('INF_ERR_STORE_CHANGED', `${what} has more than the ${bytes} bytes listed: list the store anew`);
}

function tooShort({ what, bytes }: BodyExpectation, left: number): Error {
  return storeError('INF_ERR_STORE_UNAVAILABLE', `${what}: the answer ended ${left} bytes short of ${bytes}`);
}
