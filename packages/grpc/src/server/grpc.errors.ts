/** The errors of this package; docs/errors.md lists the same rows. */
export const GRPC_ERRORS = {
  GRPC_ERR_OPTION: {
    category: 'INVALID_ARGUMENT',
    summary: 'An option of the gRPC server is not usable, or two methods have one path. Raised at boot.',
  },
  GRPC_ERR_LISTEN: {
    category: 'UNAVAILABLE',
    summary: 'The gRPC server cannot bind its address: it is in use, or may not be used by this user.',
  },
  GRPC_ERR_METADATA: {
    category: 'INTERNAL',
    summary:
      'Metadata of an answer has a name or value that gRPC does not allow; bytes need a name that ends in `-bin`.',
  },
} as const;

export type GrpcErrorCode = keyof typeof GRPC_ERRORS;
