import { type ErrorDefinition, WitanError, type WitanErrorOptions } from '@witan/core';

/** The error table of `@witan/inference`; docs/errors.md lists the same rows. */
export const INF_ERRORS = {
  INF_ERR_MODEL_NOT_FOUND: {
    category: 'NOT_FOUND',
    summary: 'No model file at the path looked at, or no model of that name. The text lists what was looked at.',
  },
  INF_ERR_MODEL_LOAD: {
    category: 'FAILED_PRECONDITION',
    summary: 'onnxruntime refused the model file: corrupt, truncated, not ONNX, or with operators it does not know.',
  },
  INF_ERR_MODEL_TRIAL: {
    category: 'FAILED_PRECONDITION',
    summary:
      'The first load and warm-up in a child process did not end within `trialTimeoutMs`, or ended the process. The model is refused; `trusted: true` skips the trial.',
  },
  INF_ERR_MODEL_FAILED: {
    category: 'UNAVAILABLE',
    summary:
      'The model was marked failed, because a run passed its time limit or it would not load again. Load it again or restart.',
  },
  INF_ERR_MODEL_CLOSED: {
    category: 'UNAVAILABLE',
    summary: 'The model was closed: the server is stopping or the model was unloaded.',
  },
  INF_ERR_MODEL_CONFLICT: {
    category: 'ALREADY_EXISTS',
    summary:
      '`ModelModule.forFeature` was given the same name twice with different options. Use one declaration, or two names.',
  },
  INF_ERR_OPTIONS: {
    category: 'INVALID_ARGUMENT',
    summary: 'An option of a model or of ModelModule is out of its range. The text names it.',
  },
  INF_ERR_EXTERNAL_DATA: {
    category: 'FAILED_PRECONDITION',
    summary:
      "`share: 'mmap'` needs a model whose weights are external data beside it, and external data must lie inside the model's folder.",
  },
  INF_ERR_RUN: {
    category: 'INTERNAL',
    summary:
      'onnxruntime failed on this batch. The batch gate has already found the row, when one row alone is to blame.',
  },
  INF_ERR_RUN_TIMEOUT: {
    category: 'UNAVAILABLE',
    summary:
      'A run did not end within `runTimeoutMs`. In a worker the model is marked failed; in a process that process is killed and replaced.',
  },
  INF_ERR_RUNNER_EXIT: {
    category: 'UNAVAILABLE',
    summary:
      'The worker or process that ran this batch ended (exit, heap limit, signal). Only this batch failed; it is replaced.',
  },
  INF_ERR_CIRCUIT_OPEN: {
    category: 'UNAVAILABLE',
    summary:
      'The model ended its runner several times in a row: it rests for a while, then one batch is tried. Retry after `retryAfterMs`.',
  },
  INF_ERR_MAPPING: {
    category: 'INVALID_ARGUMENT',
    http: 422,
    summary:
      "The columns do not fit the model's inputs by name, shape or dtype. The text prints both sides. A handler with schemas meets it at boot.",
  },
  INF_ERR_INPUT: {
    category: 'INVALID_ARGUMENT',
    http: 422,
    summary:
      'A tensor or column given to `model.run` does not fit the model: unknown name, wrong dtype, rank, size, a null, or a text with a zero byte.',
  },
  INF_ERR_OUTPUT_UNKNOWN: {
    category: 'INVALID_ARGUMENT',
    summary: 'An output was asked for that the model does not have, or that is no tensor. The text lists those it has.',
  },
  INF_ERR_OUTPUT_ROWS: {
    category: 'INTERNAL',
    summary:
      'The model answered another number of rows than it was given: it must not be batched, or is not a row-wise model.',
  },
  INF_ERR_OUTPUT_NAN: { category: 'INTERNAL', summary: "The model answered NaN, and `nan: 'error'` forbids that." },
} as const satisfies Readonly<Record<string, ErrorDefinition>>;

export type InferenceErrorCode = keyof typeof INF_ERRORS;

/** An error of the inference table. */
export function inferenceError(code: InferenceErrorCode, message: string, options?: WitanErrorOptions): WitanError {
  return new WitanError(code, INF_ERRORS[code], message, options);
}

/** Why onnxruntime refused a file, in one line: its own messages may have several. */
export function loadErrorText(path: string, message: string): string {
  return `onnxruntime refused ${path}: ${message.replace(/\s+/g, ' ').trim()}`;
}
