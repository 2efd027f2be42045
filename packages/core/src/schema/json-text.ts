import { isUtf8 } from 'node:buffer';
import { jsonErrorPosition } from './json-error.js';
import { schemaError } from './schema.errors.js';

/**
 * Stands before the digits of a big integer that {@link parseJson} kept as text: half a surrogate pair, which no
 * well-formed string begins with, so no caller's string is taken for one.
 */
export const BIG_NUMBER_MARK = '\uDFFF';

/** No half surrogate pairs. ES2024's method, which Node 20 has and the compiler's ES2023 library does not name. */
export function isWellFormed(text: string): boolean {
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed();
}

/** 2^53 has 16 digits: shorter runs of digits are exact as doubles. */
const LONG_RUN = /\d{16}/;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const PLAIN_INTEGER = /^-?(?:0|[1-9]\d*)$/;
const NEXT_IS_COLON = /[ \t\r\n]*:/y;

/**
 * The text of a body.
 * @throws {CORE_ERR_JSON_MALFORMED} when it is empty or not UTF-8.
 */
export function bodyText(body: Uint8Array | string): string {
  let text: string;
  if (typeof body === 'string') text = body;
  else {
    if (!isUtf8(body))
      throw schemaError('CORE_ERR_JSON_MALFORMED', 'the body is not valid UTF-8: JSON must be sent as UTF-8');
    text = (Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength)).toString('utf8');
  }
  if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
  if (text.length === 0)
    throw schemaError('CORE_ERR_JSON_MALFORMED', 'the body is empty: send a JSON array of records');
  return text;
}

/** True when some integer of the text may be too long for a double. */
export function hasLongRun(text: string): boolean {
  return LONG_RUN.test(text);
}

/**
 * JSON.parse; with `quoted`, integers of 16 or more digits come as strings that begin with the mark.
 * @throws {CORE_ERR_JSON_MALFORMED} with the position of the first error.
 */
export function parseJson(text: string, quoted: boolean): unknown {
  try {
    return JSON.parse(quoted ? quoteBigIntegers(text) : text);
  } catch {
    throw malformed(text);
  }
}

function malformed(text: string): Error {
  const position = jsonErrorPosition(text);
  const seen =
    position < text.length ? `unexpected ${JSON.stringify(text.slice(position, position + 16))}` : 'it ends too early';
  return schemaError('CORE_ERR_JSON_MALFORMED', `the body is not JSON: ${seen} at position ${position}`, {
    details: { position },
  });
}

/** Puts every plain integer of 16 or more digits into quotes, behind the mark. Invalid JSON stays invalid. */
export function quoteBigIntegers(text: string): string {
  let out = '';
  let copied = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) i = endOfString(text, i);
    else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      NUMBER.lastIndex = i;
      const token = NUMBER.exec(text)?.[0];
      if (token === undefined) continue;
      const end = i + token.length;
      if (token.length >= 16 && PLAIN_INTEGER.test(token) && !isKey(text, end)) {
        out += `${text.slice(copied, i)}"${BIG_NUMBER_MARK}${token}"`;
        copied = end;
      }
      i = end - 1;
    }
  }
  return copied === 0 ? text : out + text.slice(copied);
}

/** The index of the quote that ends the string whose first quote is at `start`; the last index when none does. */
export function endOfString(text: string, start: number): number {
  let end = start;
  for (;;) {
    end = text.indexOf('"', end + 1);
    if (end === -1) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
}

/** A bare number before a colon is no JSON; quoting it would make it a key. */
function isKey(text: string, end: number): boolean {
  NEXT_IS_COLON.lastIndex = end;
  return NEXT_IS_COLON.test(text);
}
