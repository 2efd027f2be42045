import type { WitanError } from '@witan/core';
import { oipError } from '../oip.errors.js';

/** Bytes that are no message: what is wrong, and at which byte. */
export function malformed(what: string, at: number): WitanError {
  return requestError(`the message is not valid protobuf: ${what} at byte ${at}`);
}

export function requestError(message: string): WitanError {
  return oipError('OIP_ERR_REQUEST', message);
}
