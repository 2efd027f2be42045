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

export function depthError(maxDepth: number): Error {
  return schemaError(
    'CORE_ERR_JSON_DEPTH',
    `the JSON body is nested deeper than ${maxDepth} levels: send flat records`,
  );
}
