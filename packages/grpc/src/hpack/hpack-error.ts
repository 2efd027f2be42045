/** A header block that RFC 7541 does not allow; the table is in an unknown state, so the connection must end. */
export class HpackError extends Error {
  override readonly name = 'HpackError';
}
