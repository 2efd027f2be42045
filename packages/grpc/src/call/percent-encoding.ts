/** A field's value may not begin or end with a space. */
const PLAIN = /^(?:[!-$&-~](?:[ -$&-~]*[!-$&-~])?)?$/;
const encoder = new TextEncoder();

/** `grpc-message`: UTF-8, percent-encoded but for printable ASCII without spaces. Half a surrogate pair becomes U+FFFD. */
export function percentEncode(text: string): string {
  if (PLAIN.test(text)) return text;
  let out = '';
  for (const byte of encoder.encode(text)) {
    const plain = byte > 0x20 && byte <= 0x7e && byte !== 0x25;
    out += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}
