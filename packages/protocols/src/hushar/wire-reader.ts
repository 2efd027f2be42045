import { WireReader as AnyWireReader } from '../wire/wire-reader.js';
import { malformed } from './hushar.errors.js';

export { FIXED32, FIXED64, isText, LENGTH, VARINT } from '../wire/wire-reader.js';

/** The cursor for what the quick way does not know; every malformed sequence gives HUSHAR_ERR_MALFORMED. */
export class WireReader extends AnyWireReader {
  constructor(bytes: Buffer) {
    super(bytes, malformed);
  }
}
