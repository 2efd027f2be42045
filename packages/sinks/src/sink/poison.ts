import { WitanError } from '@witan/core';
import { sinksError } from '../sinks.errors.js';

/**
 * What a destination throws for records that it can never take; they are written to the dead-letter file.
 * @param ids of the records. Without them the batch is halved until the record is found.
 */
export function poisonError(message: string, ids?: readonly string[], cause?: unknown): WitanError {
  return sinksError('SINK_ERR_POISON', message, { cause, details: ids && { ids } });
}

/** Whether writing again is no use. */
export function isPoison(error: unknown): error is WitanError {
  return WitanError.is(error) && error.code === 'SINK_ERR_POISON';
}

/** The records that it names. */
export function poisonIds(error: WitanError): readonly string[] {
  const ids = error.details?.ids;
  return Array.isArray(ids) ? ids.filter((id): id is string => typeof id === 'string') : [];
}
