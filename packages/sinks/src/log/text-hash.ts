/**
 * 32 bits of a text, evenly spread: FNV-1a over UTF-16 code units, with the end mix of MurmurHash3. The same in every
 * process and version: samples and the order of keys rest on it.
 */
export function textHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Whether a request belongs to a sample. */
export function isSampled(requestId: string, share: number): boolean {
  return share >= 1 || textHash(requestId) < share * 2 ** 32;
}
