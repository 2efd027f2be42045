import type { NamedKey } from './access-options.js';

export const MIN_KEY_CHARS = 16;
/** Names go into logs and metrics. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;
/** What fits a header, without blanks. */
const KEY = /^[\x21-\x7e]+$/;

/** The keys of a file with one `name:key` a line; what is wrong with it is thrown as a text without any key. */
export function parseKeys(text: string): NamedKey[] {
  const keys: NamedKey[] = [];
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const colon = line.indexOf(':');
    if (colon < 0) throw new KeyFault(`line ${index + 1} is not name:key`);
    const key = { name: line.slice(0, colon).trim(), key: line.slice(colon + 1).trim() };
    const fault = faultOf(key, keys);
    if (fault !== undefined) throw new KeyFault(`line ${index + 1}: ${fault}`);
    keys.push(key);
  }
  if (keys.length === 0) throw new KeyFault('there is no key in it');
  return keys;
}

/** Keys that are given in code, checked. */
export function checkedKeys(given: readonly NamedKey[]): readonly NamedKey[] {
  if (!Array.isArray(given) || given.length === 0) throw new KeyFault('there is no key in it');
  for (const [index, key] of (given as readonly NamedKey[]).entries()) {
    const isKey = typeof key?.name === 'string' && typeof key.key === 'string';
    const fault = isKey ? faultOf(key, given.slice(0, index) as NamedKey[]) : 'it needs a name and a key, both texts';
    if (fault !== undefined) throw new KeyFault(`key ${index + 1}: ${fault}`);
  }
  return given;
}

/** Why keys cannot be used. */
export class KeyFault extends Error {}

function faultOf({ name, key }: NamedKey, before: readonly NamedKey[]): string | undefined {
  if (!NAME.test(name)) return 'the name must be 1 to 64 letters, digits and . _ @ -, and begin with a letter or digit';
  if (key.length < MIN_KEY_CHARS)
    return `the key of '${name}' has ${key.length} characters; use ${MIN_KEY_CHARS} or more`;
  if (!KEY.test(key)) return `the key of '${name}' has characters that no header can carry: use visible ASCII`;
  if (before.some((other) => other.name === name)) return `the name '${name}' stands twice`;
  const same = before.find((other) => other.key === key);
  return same && `the keys of '${same.name}' and '${name}' are the same`;
}
