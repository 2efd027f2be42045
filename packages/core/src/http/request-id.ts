import { randomBytes } from 'node:crypto';

// Ids only have to differ: nine random bytes a process and a counter cost a tenth of a UUID per request.
const prefix = randomBytes(9).toString('base64url');
let count = 0;

/** An id that no other request of this or another process has. */
export function freshRequestId(): string {
  return `${prefix}-${(count++).toString(36)}`;
}

const VISIBLE_ASCII = /^[\x21-\x7e]{1,128}$/;

/** The caller's `x-request-id` if it is 1 to 128 visible ASCII characters; otherwise a fresh id. */
export function requestIdOf(header: string | string[] | undefined): string {
  return typeof header === 'string' && VISIBLE_ASCII.test(header) ? header : freshRequestId();
}

/** An id that passed {@link requestIdOf}, as JSON text. */
export function requestIdJson(id: string): string {
  return id.includes('"') || id.includes('\\') ? JSON.stringify(id) : `"${id}"`;
}
