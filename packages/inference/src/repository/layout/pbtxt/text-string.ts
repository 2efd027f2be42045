import type { TextCursor } from './text-cursor.js';

const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '?': '?',
};
const PLAIN = /[^\\"'\n\0]+/y;
const OCTAL = /[0-7]{1,3}/y;
const HEX = /x[0-9a-fA-F]{1,2}/y;
const UNICODE = /u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}/y;

/** One or more string literals side by side, joined. Escapes may give single bytes; together they must be UTF-8. */
export function readString(cursor: TextCursor): string {
  const start = cursor.at;
  const parts: Buffer[] = [];
  while (cursor.here === '"' || cursor.here === "'") {
    readLiteral(cursor, parts);
    cursor.skipBlanks();
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(parts));
  } catch {
    return cursor.fail('the string is no UTF-8 text', start);
  }
}

function readLiteral(cursor: TextCursor, parts: Buffer[]): void {
  const start = cursor.at;
  const quote = cursor.here;
  cursor.at++;
  while (cursor.here !== quote) {
    const plain = cursor.match(PLAIN);
    if (plain !== undefined) parts.push(Buffer.from(plain));
    else if (cursor.here === '\\') parts.push(readEscape(cursor));
    else if (cursor.here === '"' || cursor.here === "'") parts.push(Buffer.from(cursor.text.charAt(cursor.at++)));
    else cursor.fail('the string does not end on its line', start);
  }
  cursor.at++;
}

function readEscape(cursor: TextCursor): Buffer {
  const start = cursor.at++;
  const simple = SIMPLE[cursor.here];
  if (simple !== undefined && cursor.here !== '') {
    cursor.at++;
    return Buffer.from(simple);
  }
  const octal = cursor.match(OCTAL);
  if (octal !== undefined) return byte(cursor, Number.parseInt(octal, 8), start);
  const hex = cursor.match(HEX);
  if (hex !== undefined) return byte(cursor, Number.parseInt(hex.slice(1), 16), start);
  const unicode = cursor.match(UNICODE);
  if (unicode !== undefined) return codePoint(cursor, Number.parseInt(unicode.slice(1), 16), start);
  return cursor.fail('an unknown escape in a string', start);
}

function byte(cursor: TextCursor, value: number, start: number): Buffer {
  return value <= 0xff ? Buffer.from([value]) : cursor.fail('an octal escape above \\377', start);
}

function codePoint(cursor: TextCursor, value: number, start: number): Buffer {
  const isCharacter = value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
  return isCharacter ? Buffer.from(String.fromCodePoint(value)) : cursor.fail('an escape that is no character', start);
}
