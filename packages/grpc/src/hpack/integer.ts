/** RFC 7541, 5.1: writes `value` behind the bits of `first` that the prefix leaves; gives where it ends. */
export function encodeInteger(value: number, prefix: number, first: number, out: Uint8Array, at: number): number {
  if (value < prefix) {
    out[at] = first | value;
    return at + 1;
  }
  out[at++] = first | prefix;
  let rest = value - prefix;
  for (; rest >= 0x80; rest >>>= 7) out[at++] = (rest & 0x7f) | 0x80;
  out[at++] = rest;
  return at;
}
