import { huffmanText } from './huffman.js';

export type HeaderPair = readonly [name: string, value: string];

/** RFC 7541, appendix A: names, with a value where there is one. */
const STATIC: readonly HeaderPair[] =
  `:authority|:method GET|:method POST|:path /|:path /index.html|:scheme http|:scheme https|:status 200|:status 204|:status 206|:status 304|:status 400|:status 404|:status 500|accept-charset|accept-encoding gzip, deflate|accept-language|accept-ranges|accept|access-control-allow-origin|age|allow|authorization|cache-control|content-disposition|content-encoding|content-language|content-length|content-location|content-range|content-type|cookie|date|etag|expect|expires|from|host|if-match|if-modified-since|if-none-match|if-range|if-unmodified-since|last-modified|link|location|max-forwards|proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after|server|set-cookie|strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate`
    .split('|')
    .map((entry) => {
      const space = entry.indexOf(' ');
      return space < 0 ? [entry, ''] : [entry.slice(0, space), entry.slice(space + 1)];
    });

/** An integer with a prefix of `bits` bits, the bits before them given. */
export function hpackInteger(value: number, bits: number, before = 0): Buffer {
  const max = 2 ** bits - 1;
  if (value < max) return Buffer.from([before | value]);
  const bytes = [before | max];
  let left = value - max;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) | 128);
  return Buffer.from([...bytes, left]);
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([hpackInteger(bytes.length, 7), bytes]);
}

/** A header block of literals that leave the dynamic table alone. */
export function headerBlock(pairs: readonly HeaderPair[]): Buffer {
  return Buffer.concat(pairs.flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]));
}

/** What every gRPC request says. */
export function requestHeaders(path: string, more: readonly HeaderPair[] = []): HeaderPair[] {
  return [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'test'],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
    ...more,
  ];
}

/** A literal that enters the dynamic table, there with the index 62. */
export const indexedLiteral = ([name, value]: HeaderPair): Buffer =>
  Buffer.concat([Buffer.from([0x40]), literal(name), literal(value)]);

/** Refers to an entry of the tables. */
export const indexedField = (index: number): Buffer => hpackInteger(index, 7, 0x80);

/** Reads the header blocks of one connection, independently of the code under test. */
export class HpackReader {
  private entries: HeaderPair[] = [];
  private bytes = 0;
  private maxBytes = 4096;

  read(block: Buffer): HeaderPair[] {
    const cursor = new Cursor(block);
    const pairs: HeaderPair[] = [];
    while (!cursor.isAtEnd) {
      const first = block[cursor.at]!;
      if (first & 0x80) pairs.push(this.entry(cursor.integer(7)));
      else if ((first & 0xe0) === 0x20) this.resize(cursor.integer(5));
      else pairs.push(this.literal(cursor, (first & 0x40) !== 0));
    }
    return pairs;
  }

  private literal(cursor: Cursor, isKept: boolean): HeaderPair {
    const index = cursor.integer(isKept ? 6 : 4);
    const name = index === 0 ? cursor.text() : this.entry(index)[0];
    const pair: HeaderPair = [name, cursor.text()];
    if (isKept) {
      this.entries.unshift(pair);
      this.bytes += sizeOf(pair);
      this.evict();
    }
    return pair;
  }

  private entry(index: number): HeaderPair {
    const pair = STATIC[index - 1] ?? this.entries[index - 1 - STATIC.length];
    if (!pair) throw new Error(`a header block refers to entry ${index}, which the table does not have`);
    return pair;
  }

  private resize(maxBytes: number): void {
    if (maxBytes > 4096) throw new Error(`a header block makes the table ${maxBytes} bytes large`);
    this.maxBytes = maxBytes;
    this.evict();
  }

  private evict(): void {
    while (this.bytes > this.maxBytes) this.bytes -= sizeOf(this.entries.pop()!);
  }
}

const sizeOf = ([name, value]: HeaderPair): number => name.length + value.length + 32;

class Cursor {
  at = 0;
  constructor(private readonly block: Buffer) {}

  get isAtEnd(): boolean {
    return this.at >= this.block.length;
  }

  integer(bits: number): number {
    const max = 2 ** bits - 1;
    const value = this.byte() & max;
    if (value < max) return value;
    let sum = max;
    for (let factor = 1; ; factor *= 128) {
      const next = this.byte();
      sum += (next & 127) * factor;
      if (next < 128) return sum;
    }
  }

  text(): string {
    const isHuffman = (this.block[this.at]! & 0x80) !== 0;
    const bytes = this.integer(7);
    const end = this.at + bytes;
    if (end > this.block.length) throw new Error('a header block ends in the middle of a text');
    const text = this.block.subarray(this.at, end);
    this.at = end;
    return isHuffman ? huffmanText(text) : text.toString('latin1');
  }

  private byte(): number {
    if (this.isAtEnd) throw new Error('a header block ends in the middle of a number');
    return this.block[this.at++]!;
  }
}
