import { CATEGORY_STATUS, type ErrorCategory } from './category.js';
import { coreError } from './core.errors.js';
import { WitanError } from './witan-error.js';

/** Nest's HttpException, by shape: a second copy of Nest must match too. */
interface HttpExceptionLike {
  getStatus(): number;
  getResponse(): unknown;
  message: string;
}

function isHttpException(value: unknown): value is HttpExceptionLike {
  const candidate = value as Partial<HttpExceptionLike> | null;
  return typeof candidate?.getStatus === 'function' && typeof candidate.getResponse === 'function';
}

const CATEGORY_OF_HTTP: Readonly<Record<number, ErrorCategory>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  408: 'DEADLINE_EXCEEDED',
  409: 'ABORTED',
  412: 'FAILED_PRECONDITION',
  416: 'OUT_OF_RANGE',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/** The category that an HTTP status maps to; statuses without a row map by their class (4xx, 5xx). */
export function categoryOfHttpStatus(status: number): ErrorCategory {
  return CATEGORY_OF_HTTP[status] ?? (status < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL');
}

const CATEGORY_OF_GRPC = new Map(
  Object.entries(CATEGORY_STATUS).map(([category, status]) => [status.grpc, category as ErrorCategory]),
);

/** What Nest's RpcException carries, or what its gRPC filters throw: a gRPC status and a text. */
function rpcStatusOf(thrown: unknown): { category: ErrorCategory; message: string } | undefined {
  const carrier = thrown as { getError?: () => unknown } | null;
  const isRpcException = typeof carrier?.getError === 'function';
  // Another service's answer, thrown by a gRPC client inside a handler, is our internal error and not our answer.
  if (!isRpcException && thrown instanceof Error) return undefined;
  const error = (isRpcException ? carrier.getError!() : thrown) as {
    code?: unknown;
    message?: unknown;
    details?: unknown;
  } | null;
  const category = typeof error?.code === 'number' ? CATEGORY_OF_GRPC.get(error.code) : undefined;
  if (!category) return undefined;
  return { category, message: String(error?.details ?? error?.message ?? category) };
}

/**
 * Whatever was thrown, as a WitanError. WitanErrors pass; Nest's HttpExceptions keep their status and message
 * (code `CORE_ERR_HTTP_EXCEPTION`); anything else becomes `CORE_ERR_INTERNAL` with a message that gives nothing away
 * and the original as its cause.
 */
export function toWitanError(thrown: unknown): WitanError {
  if (WitanError.is(thrown)) return thrown;
  if (isHttpException(thrown)) {
    const status = thrown.getStatus();
    const response = thrown.getResponse();
    return new WitanError(
      'CORE_ERR_HTTP_EXCEPTION',
      { category: categoryOfHttpStatus(status), http: status, summary: '' },
      thrown.message,
      { cause: thrown, details: typeof response === 'object' && response !== null ? { response } : undefined },
    );
  }
  const rpc = rpcStatusOf(thrown);
  if (rpc)
    return new WitanError('CORE_ERR_RPC_EXCEPTION', { category: rpc.category, summary: '' }, rpc.message, {
      cause: thrown,
    });
  return coreError('CORE_ERR_INTERNAL', 'internal error: the log has the cause under this request id', {
    cause: thrown,
  });
}
