import type { ErrorCategory } from './category.js';
import type { WitanError } from './witan-error.js';

/** The JSON body of every error answer over HTTP. */
export interface WireError {
  readonly error: {
    /** Stable; listed in docs/errors.md. */
    readonly code: string;
    /** The category: gRPC's name for the status, the same on both protocols. */
    readonly status: ErrorCategory;
    readonly message: string;
    readonly requestId?: string;
    readonly retryAfterMs?: number;
    /** e.g. `{ violations: [...], truncated: false }` for a request that breaks its schema. */
    readonly details?: Readonly<Record<string, unknown>>;
  };
}

export function toWireError(error: WitanError, requestId?: string): WireError {
  const { code, category, message, retryAfterMs, details } = error;
  return {
    error: {
      code,
      status: category,
      message,
      ...(requestId !== undefined && { requestId }),
      ...(retryAfterMs !== undefined && { retryAfterMs: Math.ceil(retryAfterMs) }),
      ...(details !== undefined && { details }),
    },
  };
}
