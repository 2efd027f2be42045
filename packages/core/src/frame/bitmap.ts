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

/** Rows `start` (inclusive) to `end` (exclusive) of a bitmap, shifted to begin at bit 0. */
export function sliceBitmap(bitmap: Bitmap, start: number, end: number): Bitmap {
  const out = allValid(end - start);
  for (let row = start; row < end; row++) if (!isValid(bitmap, row)) setNull(out, row - start);
  return out;
}
