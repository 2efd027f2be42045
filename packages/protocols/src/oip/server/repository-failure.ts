import { WitanError } from '@witan/core';
import { oipError } from '../oip.errors.js';

/** Runs an order to the repository; what goes wrong is told as Triton does: `failed to load 'm', …`. */
export async function failedTo(order: 'load' | 'unload', model: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!WitanError.is(error)) throw error;
    const { category, httpStatus: http, details, retryAfterMs, message } = error;
    throw new WitanError(error.code, { category, http, summary: '' }, `failed to ${order} '${model}', ${message}`, {
      details,
      retryAfterMs,
      cause: error,
    });
  }
}

/** The repository's refusal of a name or version, in the words that clients of the protocol look for. */
export function notFound(error: unknown, model: string, version: string | undefined): unknown {
  if (!WitanError.is(error)) return error;
  const which = version ? `'${model}' version ${version}` : `'${model}'`;
  const text = (state: string): string => `Request for unknown model: ${which} is ${state}`;
  switch (error.code) {
    case 'INF_ERR_MODEL_NOT_FOUND':
      return oipError('OIP_ERR_MODEL_NOT_FOUND', text('not found'), { cause: error });
    case 'INF_ERR_VERSION_NOT_FOUND':
      return oipError('OIP_ERR_MODEL_NOT_FOUND', `${text('not found')}; ${error.message}`, { cause: error });
    case 'INF_ERR_MODEL_UNAVAILABLE':
      return oipError('OIP_ERR_MODEL_UNAVAILABLE', `${text('not at ready state')}: ${error.message}`, {
        cause: error,
        retryAfterMs: error.retryAfterMs,
      });
    default:
      return error;
  }
}
