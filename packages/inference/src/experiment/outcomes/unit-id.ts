import { hash } from 'node:crypto';

/** V8 makes a string that points into a longer one of pieces from 13 characters on. */
const MAX_OWN_CHARS = 12;
/** As many as a hash has. */
const MAX_KEPT_CHARS = 43;

/**
 * A key or a request id as it is remembered: of bounded size, and with memory of its own. What came out of a request is
 * often a piece of its body, and would keep all of that alive. What is longer than a hash is remembered by its hash.
 */
export function unitIdOf(text: string): string {
  if (text.length <= MAX_OWN_CHARS) return text;
  if (text.length > MAX_KEPT_CHARS) return hash('sha256', text, 'base64url');
  return Buffer.from(text, 'utf8').toString('utf8');
}
