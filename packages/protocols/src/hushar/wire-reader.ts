import type { WitanError } from '@witan/core';
import { WireReader as AnyWireReader } from '../wire/wire-reader.js';
import { husharError } from './hushar.errors.js';

export { FIXED32, FIXED64, isText, LENGTH, VARINT } from '../wire/wire-reader.js';

/** The cursor for what the quick way does not know; every malformed sequence gives HUSHAR_ERR_MALFORMED. */
export class WireReader extends AnyWireReader {
  constructor(bytes: Buffer) {
    super(bytes, malformed);
  }
}

/** Bytes that are no request: what was wrong, and at which byte of the message. */
function malformed(what: string, at: number): WitanError {
  return husharError('HUSHAR_ERR_MALFORMED', `the message is not valid protobuf: ${what} at byte ${at}`);
}
