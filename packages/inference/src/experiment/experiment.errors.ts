import { type ErrorTable, WitanError, type WitanErrorOptions } from '@witan/core';

/** The errors of experiments; docs/errors.md lists the same rows. */
export const EXPERIMENT_ERRORS = {
  INF_ERR_EXPERIMENT_OPTIONS: {
    category: 'INVALID_ARGUMENT',
    summary:
      'An option of an experiment is out of its range: weights below 0 or that do not sum to 1, a key source, ramp, tolerance or limit that makes no sense. At boot it ends the boot. The text names it.',
  },
  INF_ERR_EXPERIMENT_MODEL: {
    category: 'FAILED_PRECONDITION',
    summary:
      'At boot: a variant or a shadow names a model or a version that is not there, or the control cannot be loaded. The text lists what there is.',
  },
  INF_ERR_EXPERIMENT_CONFLICT: {
    category: 'ALREADY_EXISTS',
    summary:
      'At boot: two experiments, or an experiment and a model, have the same name. Rename one; the same declaration may stand in several places.',
  },
  INF_ERR_EXPERIMENT_UNKNOWN: {
    category: 'NOT_FOUND',
    summary: 'There is no experiment of that name. The text lists those that there are.',
  },
  INF_ERR_EXPERIMENT_VARIANT: {
    category: 'INVALID_ARGUMENT',
    summary: 'The experiment has no variant of that name. The text lists those that it has.',
  },
  INF_ERR_EXPERIMENT_BODY: {
    category: 'INVALID_ARGUMENT',
    summary:
      'The body of a call about an experiment is not the JSON that the call takes. The text says what was seen and what is taken.',
  },
  INF_ERR_EXPERIMENT_OUTCOME: {
    category: 'INVALID_ARGUMENT',
    summary:
      'An outcome cannot be counted: its metric is not one of `metrics`, there are too many metrics, or its value is of another kind than the metric has had so far.',
  },
} as const satisfies ErrorTable;

export type ExperimentErrorCode = keyof typeof EXPERIMENT_ERRORS;

/** An error of that table. */
export function experimentError(code: ExperimentErrorCode, message: string, options?: WitanErrorOptions): WitanError {
  return new WitanError(code, EXPERIMENT_ERRORS[code], message, options);
}
