import type { RequestHeaders } from './request-headers.js';

const ENTRIES = 4;
const MAX_BYTES = 192;

interface Entry {
  readonly block: Uint8Array;
  readonly headers: RequestHeaders;
}

/**
 * Header blocks seen last and what they say. A block always says the same as long as the table stays the same: only
 * blocks that do not change it are kept, and all are forgotten when another one does.
 */
export class BlockCache {
  private readonly entries: Entry[] = [];
  private next = 0;
  private version = 0;

  /** @param version of the table @param bytes of the block */
  find(version: number, bytes: Uint8Array, start: number, end: number): RequestHeaders | undefined {
    if (version !== this.version) return undefined;
    const { entries } = this;
    const length = end - start;
    for (let i = 0; i < entries.length; i++) {
      const { block, headers } = entries[i]!;
      if (block.length === length && same(block, bytes, start)) return headers;
    }
    return undefined;
  }

  keep(version: number, bytes: Uint8Array, start: number, end: number, headers: RequestHeaders): void {
    if (end - start > MAX_BYTES) return;
    if (version !== this.version) {
      this.entries.length = 0;
      this.next = 0;
      this.version = version;
    }
    this.entries[this.next] = { block: Uint8Array.prototype.slice.call(bytes, start, end), headers };
    this.next = (this.next + 1) % ENTRIES;
  }
}

function same(block: Uint8Array, bytes: Uint8Array, start: number): boolean {
  // From the end: what differs between two blocks is mostly there.
  for (let i = block.length - 1; i >= 0; i--) if (block[i] !== bytes[start + i]) return false;
  return true;
}
