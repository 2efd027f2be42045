import { createHash } from 'node:crypto';

/** An ETag as servers make it: of the content, in quotes. */
export function etagOf(content: Uint8Array): string {
  return `"${createHash('md5').update(content).digest('hex')}"`;
}
