import { GRPC_ERRORS, type GrpcErrorCode } from './grpc.errors.js';

/** What the server throws at those who use it; callers over the network get statuses instead. */
export class GrpcError extends Error {
  override readonly name = 'GrpcError';
  readonly category: (typeof GRPC_ERRORS)[GrpcErrorCode]['category'];

  constructor(
    /** Stable; never renamed. */
    readonly code: GrpcErrorCode,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
    this.category = GRPC_ERRORS[code].category;
  }
}
