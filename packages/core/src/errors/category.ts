/**
 * What kind of failure an error is: gRPC's status codes except OK, UNKNOWN and DATA_LOSS. The set is closed: one
 * table maps it to HTTP, to gRPC and to the log level, so a failure looks the same on both protocols.
 */
export type ErrorCategory =
  | 'CANCELLED'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'OUT_OF_RANGE'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'UNAUTHENTICATED';

export interface CategoryStatus {
  /** The HTTP status, unless the error's code overrides it. 499 is nginx's "client closed request". */
  readonly http: number;
  /** The gRPC status code (grpc.io, "Status codes and their use in gRPC"). */
  readonly grpc: number;
  /** The level at which a request that ends so is logged. */
  readonly log: 'debug' | 'warn' | 'error';
}

export const CATEGORY_STATUS: Readonly<Record<ErrorCategory, CategoryStatus>> = {
  CANCELLED: { http: 499, grpc: 1, log: 'debug' },
  INVALID_ARGUMENT: { http: 400, grpc: 3, log: 'debug' },
  DEADLINE_EXCEEDED: { http: 504, grpc: 4, log: 'warn' },
  NOT_FOUND: { http: 404, grpc: 5, log: 'debug' },
  ALREADY_EXISTS: { http: 409, grpc: 6, log: 'debug' },
  PERMISSION_DENIED: { http: 403, grpc: 7, log: 'debug' },
  RESOURCE_EXHAUSTED: { http: 429, grpc: 8, log: 'warn' },
  FAILED_PRECONDITION: { http: 412, grpc: 9, log: 'debug' },
  ABORTED: { http: 409, grpc: 10, log: 'debug' },
  OUT_OF_RANGE: { http: 400, grpc: 11, log: 'debug' },
  UNIMPLEMENTED: { http: 501, grpc: 12, log: 'debug' },
  INTERNAL: { http: 500, grpc: 13, log: 'error' },
  UNAVAILABLE: { http: 503, grpc: 14, log: 'warn' },
  UNAUTHENTICATED: { http: 401, grpc: 16, log: 'debug' },
};
