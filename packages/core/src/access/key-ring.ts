import { hash, timingSafeEqual } from 'node:crypto';
import type { NamedKey } from './access-options.js';

/**
 * Keys by their digests. Finding one compares with all of them, each in constant time, so how long it takes tells
 * nothing about how much of a key was right, nor which key it was.
 */
export class KeyRing {
  private readonly names: readonly string[];
  private readonly digests: readonly Buffer[];

  constructor(keys: readonly NamedKey[]) {
    this.names = keys.map(({ name }) => name);
    this.digests = keys.map(({ key }) => digestOf(key));
  }

  get size(): number {
    return this.names.length;
  }

  /** The name of a key; `undefined`: there is none like it. */
  nameOf(presented: string): string | undefined {
    const digest = digestOf(presented);
    let found = -1;
    for (let i = 0; i < this.digests.length; i++) if (timingSafeEqual(this.digests[i]!, digest)) found = i;
    return this.names[found];
  }
}

function digestOf(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}
