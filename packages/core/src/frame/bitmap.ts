/** A validity bitmap as in Arrow: bit i (least significant first) is 1 where row i has a value, 0 where it is null. */
export type Bitmap = Uint8Array;

/** A bitmap of `rows` bits, all valid. */
export function allValid(rows: number): Bitmap {
  return new Uint8Array((rows + 7) >> 3).fill(0xff);
}

export function isValid(bitmap: Bitmap | undefined, row: number): boolean {
  return bitmap === undefined || (bitmap[row >> 3]! & (1 << (row & 7))) !== 0;
}

export function setNull(bitmap: Bitmap, row: number): void {
  bitmap[row >> 3]! &= ~(1 << (row & 7));
}

/** How many of the first `rows` bits are 0. */
export function countNulls(bitmap: Bitmap | undefined, rows: number): number {
  if (!bitmap) return 0;
  let nulls = 0;
  for (let row = 0; row < rows; row++) if (!isValid(bitmap, row)) nulls++;
  return nulls;
}

/** Rows `start` (inclusive) to `end` (exclusive) of a bitmap, shifted to begin at bit 0; shares storage when it can. */
export function sliceBitmap(bitmap: Bitmap, start: number, end: number): Bitmap {
  const first = start >> 3;
  const shift = start & 7;
  const bytes = (end - start + 7) >> 3;
  if (shift === 0) return bitmap.subarray(first, first + bytes);
  const out = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i++) {
    out[i] = (bitmap[first + i]! >> shift) | ((bitmap[first + i + 1] ?? 0) << (8 - shift));
  }
  return out;
}

/** Copies the first `rows` bits of `from` (`undefined`: all valid) into `to`, which is all valid there, from bit `start`. */
export function copyBits(to: Bitmap, start: number, from: Bitmap | undefined, rows: number): void {
  if (!from) return;
  for (let row = 0; row < rows; row++) if (!isValid(from, row)) setNull(to, start + row);
}
