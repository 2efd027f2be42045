import { type ErrorTable, WitanError, type WitanErrorOptions } from '../errors/witan-error.js';

/** Errors of the gRPC side; docs/errors.md lists the same rows. */
export const RPC_ERRORS = {
  CORE_ERR_PROTO_MALFORMED: {
    category: 'INVALID_ARGUMENT',
    summary:
      'The bytes are not a protobuf message of the service: cut short, a bad varint, text that is not UTF-8. Regenerate the client from the .proto.',
  },
  CORE_ERR_PROTO_FORM: {
    category: 'INVALID_ARGUMENT',
    summary:
      'A gRPC request carries its rows in exactly one of `rows` (16), `columns` (17) and `arrow` (18); this one had none or several.',
  },
  CORE_ERR_PROTO_PARAM: {
    category: 'INVALID_ARGUMENT',
    summary: 'A required parameter (fields 1 to 15 of the gRPC request) is missing or empty.',
  },
  CORE_ERR_PROTO_SCHEMA: {
    category: 'FAILED_PRECONDITION',
    summary:
      'No .proto can be made of a service: too many parameters, two columns with one field number or name, or a name that is no identifier. Raised at boot.',
  },
  CORE_ERR_PROTO_OUTPUT: {
    category: 'INTERNAL',
    summary:
      "A handler's Frame does not have the columns, dtypes or shapes of the service's output schema, so it cannot be written as protobuf.",
  },
  CORE_ERR_PROTO_LOCK: {
    category: 'FAILED_PRECONDITION',
    summary:
      'The .proto of the services breaks clients of the committed witan.lock.proto: a field was renumbered, changed its type, or reuses a number.',
  },
  CORE_ERR_GRPC_STREAM_ONLY: {
    category: 'FAILED_PRECONDITION',
    summary: 'The handler answers with a stream of Frames, which a unary `Predict` cannot carry: call `PredictStream`.',
  },
  CORE_ERR_GRPC_OPTION: {
    category: 'INVALID_ARGUMENT',
    summary: 'An option of the gRPC listener is not usable. Raised at boot.',
  },
  CORE_ERR_GRPC_LISTEN: {
    category: 'UNAVAILABLE',
    summary: 'The gRPC listener cannot bind its address: the port is in use, or may not be used by this user.',
  },
  CORE_ERR_GRPC_DRAINING: {
    category: 'UNAVAILABLE',
    summary:
      'A `PredictStream` that was still open when the server began to shut down, or its service was taken away. What it had sent was answered; open a new stream.',
  },
  CORE_ERR_GRPC_METADATA: {
    category: 'INTERNAL',
    summary:
      'A handler set metadata with a name or value that gRPC does not allow. Correct the handler; bytes need a name that ends in `-bin`.',
  },
  CORE_ERR_GRPC_SERVICE: {
    category: 'NOT_FOUND',
    summary: 'A gRPC health check asked for a service that this server does not have.',
  },
  CORE_ERR_ANSWER: {
    category: 'INVALID_ARGUMENT',
    summary: 'A handler answered early with a status other than 2xx; over gRPC the category follows that status.',
  },
} as const satisfies ErrorTable;

export type RpcErrorCode = keyof typeof RPC_ERRORS;

/** An error of the gRPC table. */
export function rpcError(code: RpcErrorCode, message: string, options?: WitanErrorOptions): WitanError {
  return new WitanError(code, RPC_ERRORS[code], message, options);
}
