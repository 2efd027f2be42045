import { hash } from 'node:crypto';

/** 2^-53, and half of it, so that no hash is 0. */
const UNIT = 2 ** -53;

/**
 * A number between 0 and 1 that follows from salt, variant and key alone: the first 53 bits of
 * SHA-256(salt NUL variant NUL key), all in UTF-8, plus a half, by 2^-53.
 */
export function unitOf(salt: string, variant: string, key: string): number {
  const digest = hash('sha256', `${salt}\0${variant}\0${key}`, 'binary');
  let high = 0;
  for (let i = 0; i < 3; i++) high = high * 256 + digest.charCodeAt(i);
  let low = 0;
  for (let i = 3; i < 7; i++) low = low * 256 + digest.charCodeAt(i);
  // 24 and 32 bits are 56: the last three are left out.
  return (high * 2 ** 29 + Math.floor(low / 8) + 0.5) * UNIT;
}

/**
 * Weighted rendezvous hashing: each variant draws -ln(u) / weight from its own hash of the key, and the smallest wins
 * (D. Thaler and C. Ravishankar, "Using Name-Based Mappings to Increase Hit Rates", IEEE/ACM ToN 6 (1998); weights by the
 * logarithmic method of C. Schindelhauer and G. Schomaker, SPAA 2005). The chance to win is the variant's weight by the
 * sum of all. A key passes from one variant to another only where the other's weight grew in proportion to the first's,
 * so that no key passes between variants whose weights stayed.
 */
export function chooseVariant(
  salt: string,
  variants: readonly string[],
  weights: ArrayLike<number>,
  key: string,
): number {
  let best = -1;
  let lowest = Infinity;
  for (let i = 0; i < variants.length; i++) {
    const weight = weights[i]!;
    if (weight <= 0) continue;
    const drawn = -Math.log(unitOf(salt, variants[i]!, key)) / weight;
    if (drawn < lowest) {
      lowest = drawn;
      best = i;
    }
  }
  return best;
}
