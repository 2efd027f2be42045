import { frameError } from '../frame.errors.js';

/** What one Arrow stream may cost. */
export interface ArrowLimits {
  /** Rows of all batches together. @default 16_777_216 */
  readonly maxRows?: number;
  /** @default 4096 */
  readonly maxColumns?: number;
  /**
   * The decoded columns together (strings with 8 bytes a cell), decompressed buffers on top. Buffers may overlap in a
   * hostile stream, so this can be more than the stream's own size. @default 268_435_456 (256 MiB)
   */
  readonly maxBytes?: number;
}

/** How deep Arrow types may nest: eight inner sizes, or a list, are all that a column can hold. */
export const MAX_NESTING = 8;

/** Counts what a stream has cost so far, and refuses before more is allocated than allowed. */
export class Budget {
  readonly maxColumns: number;
  private readonly maxRows: number;
  private readonly maxBytes: number;
  private rows = 0;
  private bytes = 0;

  constructor({ maxRows = 2 ** 24, maxColumns = 4096, maxBytes = 2 ** 28 }: ArrowLimits = {}) {
    this.maxRows = maxRows;
    this.maxColumns = maxColumns;
    this.maxBytes = maxBytes;
  }

  spendRows(rows: number): void {
    this.rows += rows;
    if (this.rows > this.maxRows) throw overLimit(`more than ${this.maxRows} rows (maxRows)`);
  }

  spendBytes(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes > this.maxBytes) throw overLimit(`more than ${this.maxBytes} bytes once decoded (maxBytes)`);
  }
}

export function overLimit(what: string): Error {
  return frameError('CORE_ERR_ARROW_LIMIT', `the Arrow stream has ${what}: send less, or raise the limit`);
}

export function malformed(what: string): Error {
  return frameError('CORE_ERR_ARROW_MALFORMED', `malformed Arrow stream: ${what}`);
}
