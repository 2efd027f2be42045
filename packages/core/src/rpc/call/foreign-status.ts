import type { Metadata } from '@grpc/grpc-js';
import type { RpcStatus } from '../server/rpc-server.js';
import { rpcStatusOf } from './rpc-status.js';

const UNKNOWN = 2;
const LAST_CODE = 16;

/** An error in grpc-js's style: what `callback(error)` and Nest's RpcException carry. */
interface StatusLike {
  readonly code?: unknown;
  readonly details?: unknown;
  readonly message?: unknown;
  readonly metadata?: Partial<Metadata>;
}

/**
 * The status of whatever code outside Witan threw: a gRPC status passes, WitanErrors and HttpExceptions map by the
 * error table, anything else is INTERNAL. UNKNOWN never leaves the process.
 */
export function foreignStatus(thrown: unknown): RpcStatus {
  const error = unwrapped(thrown);
  if (typeof error === 'string') return { code: 13, message: error };
  if (!isStatus(error)) return rpcStatusOf(error);
  const { code, details, message } = error;
  const text = typeof details === 'string' ? details : typeof message === 'string' ? message : '';
  return { code: code as number, message: text, trailers: trailersOf(error) };
}

/** Nest's RpcException wraps a status, or a text, by shape: a second copy of Nest must match too. */
function unwrapped(thrown: unknown): unknown {
  const getError = (thrown as { getError?: unknown } | null)?.getError;
  return typeof getError === 'function' ? (getError.call(thrown) as unknown) : thrown;
}

function isStatus(error: unknown): error is StatusLike {
  const code = (error as StatusLike | null | undefined)?.code;
  return typeof code === 'number' && Number.isInteger(code) && code > 0 && code <= LAST_CODE && code !== UNKNOWN;
}

function trailersOf({ metadata }: StatusLike): [string, string | Buffer][] {
  if (typeof metadata?.getMap !== 'function' || typeof metadata.get !== 'function') return [];
  const { get } = metadata;
  return Object.keys(metadata.getMap()).flatMap((name) =>
    get.call(metadata, name).map((value): [string, string | Buffer] => [name, value]),
  );
}
