import { type ErrorTable, WitanError, type WitanErrorOptions } from '@witan/core';

/** What only the Open Inference Protocol raises. Over REST every error is `{"error": "<message>"}`, as its clients expect. */
export const OIP_ERRORS = {
  OIP_ERR_REQUEST: {
    category: 'INVALID_ARGUMENT',
    summary:
      'The request is not of the form that the Open Inference Protocol gives it: malformed JSON, a member that is missing or of the wrong type, a header that does not fit the body. The text says where.',
  },
  OIP_ERR_INPUT: {
    category: 'INVALID_ARGUMENT',
    summary:
      "The tensors do not fit the model: a name, the number of inputs, a datatype, a shape, or how many values there are. The text names the input and both sides; `/v2/models/M` lists the model's inputs.",
  },
  OIP_ERR_OUTPUT: {
    category: 'INVALID_ARGUMENT',
    summary:
      'An output was asked for that the model does not have, or in a form that it cannot have: FP16 in JSON, classes of strings.',
  },
  OIP_ERR_TOO_LARGE: {
    category: 'RESOURCE_EXHAUSTED',
    http: 413,
    summary:
      'The tensors of one request would take more memory than `http.maxDecodedBytes` or `grpc.maxDecodedBytes` allows, or have more rows than `maxRows` of the module: send fewer rows. Or there are more inputs, outputs and parameters than any model has. Or the body of a call that is no inference passes 1 MiB.',
  },
  OIP_ERR_UNSUPPORTED: {
    category: 'UNIMPLEMENTED',
    summary:
      'A part of the protocol that this server does not offer: sequences, shared memory, a setting that cannot be changed. The list of extensions at `/v2` says what there is.',
  },
  OIP_ERR_MODEL_NOT_FOUND: {
    category: 'NOT_FOUND',
    summary: 'No model of that name, or no such version or alias. `POST /v2/repository/index` lists what there is.',
  },
  OIP_ERR_MODEL_UNAVAILABLE: {
    category: 'UNAVAILABLE',
    summary:
      'The model is known, and cannot be served now: it was unloaded, or it could not be loaded. The text says why.',
  },
  OIP_ERR_PATH: {
    category: 'NOT_FOUND',
    summary: 'The protocol has no such path, or it is not offered here (generate, shared memory of a device).',
  },
  OIP_ERR_METHOD: {
    category: 'UNIMPLEMENTED',
    http: 405,
    summary: 'The path exists, with another HTTP method. The `allow` header says which.',
  },
  OIP_ERR_DRAINING: {
    category: 'UNAVAILABLE',
    summary:
      'The server is shutting down: what a stream had sent is answered, and the stream ended. Open a new one, which a load balancer leads elsewhere.',
  },
  OIP_ERR_TIMEOUT: {
    category: 'DEADLINE_EXCEEDED',
    http: 503,
    summary:
      "The request's own `timeout` parameter (microseconds) passed, or could not be met. Allow more time or send fewer rows.",
  },
} as const satisfies ErrorTable;

export type OipErrorCode = keyof typeof OIP_ERRORS;

/** An error of the Open Inference Protocol's table. */
export function oipError(code: OipErrorCode, message: string, options?: WitanErrorOptions): WitanError {
  return new WitanError(code, OIP_ERRORS[code], message, options);
}
