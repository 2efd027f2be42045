import { createHash } from 'node:crypto';

/** Longer texts are known by their beginning and a digest. UTF-16 units. */
const MAX_KEY_LENGTH = 64;
const KEPT_LENGTH = 40;
/** Of a longer text, so much of its beginning and of its end is digested, and its length. */
const DIGESTED_LENGTH = 1024;
/** V8 keeps a reference to the whole where a part is at least this long. */
const MIN_SLICED_LENGTH = 13;

/** What a text is counted under: itself, or for a long one a short stand-in, so that huge texts take no room and no time. */
export function textKey(text: string): string {
  if (text.length <= MAX_KEY_LENGTH) return text;
  const digested = `${text.length}:${text.slice(0, DIGESTED_LENGTH)}:${text.slice(-DIGESTED_LENGTH)}`;
  const digest = createHash('sha1').update(digested, 'utf16le').digest('hex').slice(0, 16);
  return `${text.slice(0, KEPT_LENGTH)}…${digest}`;
}

/** The same text in storage of its own: a part of a request's body would keep the body alive. */
export function ownText(text: string): string {
  return text.length < MIN_SLICED_LENGTH ? text : Buffer.from(text, 'utf16le').toString('utf16le');
}
