import { endOfString } from './json-text.js';
import { schemaError } from './schema.errors.js';

export const DEFAULT_MAX_DEPTH = 32;

/** True when arrays and objects in `value` are nested more than `levels` deep. Recurses no deeper than that. */
export function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels <= 0) return true;
  if (Array.isArray(value)) return value.some((item) => isDeeper(item, levels - 1));
  // for…in makes no array of what may be a million keys.
  for (const key in value) if (isDeeper((value as Record<string, unknown>)[key], levels - 1)) return true;
  return false;
}

/**
 * Smaller texts are parsed first and looked at afterwards. In a large one, nesting alone can hold the parser for
 * seconds (a million brackets is a million objects), so that its depth and rows are counted before: about a tenth of the
 * time that parsing takes.
 */
const COUNT_FROM_LENGTH = 65_536;

/** True when a large JSON text nests deeper than `levels`; false for every other text, valid or not. */
export function isHugeAndDeeper(text: string, levels: number): boolean {
  if (text.length < COUNT_FROM_LENGTH) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) i = endOfString(text, i);
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > levels) return true;
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
  return false;
}

/**
 * True when a large JSON text holds more than `maxRows` rows: items of the outermost array, or of an array that is a
 * member of the outermost object. Millions of tiny records hold the parser for seconds, so that they are counted first.
 */
export function isHugeAndLonger(text: string, maxRows: number): boolean {
  if (text.length < COUNT_FROM_LENGTH || text.length / 2 < maxRows) return false;
  const rowsDepth = /^[ \t\r\n]*\[/.test(text) ? 1 : 2;
  let depth = 0;
  let commas = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) i = endOfString(text, i);
    else if (code === 0x2c) {
      if (depth === rowsDepth && ++commas >= maxRows) return true;
    } else if (code === 0x5b || code === 0x7b) {
      if (++depth === rowsDepth) commas = 0;
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
  return false;
}

export function depthError(maxDepth: number): Error {
  return schemaError(
    'CORE_ERR_JSON_DEPTH',
    `the JSON body is nested deeper than ${maxDepth} levels: send flat records`,
  );
}
