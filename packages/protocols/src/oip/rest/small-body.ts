import { oipError } from '../oip.errors.js';
import { JsonCursor } from './json/json-cursor.js';

/** More than any of these calls has to say. An object of many small members takes the thread seconds to make. */
const MAX_BYTES = 1024 * 1024;

/**
 * The JSON object of a call that is no inference; no body is an empty one.
 * @param maxBytes @default 1 MiB
 * @throws {OIP_ERR_REQUEST | OIP_ERR_TOO_LARGE}
 */
export function jsonObject(body: unknown, maxBytes = MAX_BYTES): Readonly<Record<string, unknown>> {
  if (!Buffer.isBuffer(body) || body.length === 0) return {};
  if (body.length > maxBytes)
    throw oipError('OIP_ERR_TOO_LARGE', `the body has ${body.length} bytes, this call takes ${maxBytes}`);
  const cursor = new JsonCursor(body);
  if (cursor.peek() !== 0x7b)
    throw oipError('OIP_ERR_REQUEST', 'failed to parse the request JSON buffer: it is no object');
  const value = cursor.value() as Record<string, unknown>;
  cursor.end();
  return value;
}

/**
 * A member that is an object of strings, numbers and booleans; absent: an empty one.
 * @throws {OIP_ERR_REQUEST}
 */
export function scalarsOf(
  object: Readonly<Record<string, unknown>>,
  member: string,
): Readonly<Record<string, string | number | boolean>> {
  const value = object[member];
  if (value === undefined) return {};
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject) throw oipError('OIP_ERR_REQUEST', `'${member}' must be an object`);
  for (const [name, each] of Object.entries(value)) {
    if (typeof each !== 'string' && typeof each !== 'number' && typeof each !== 'boolean')
      throw oipError(
        'OIP_ERR_REQUEST',
        `'${name.slice(0, 64)}' of '${member}' must be a string, a number or a boolean`,
      );
  }
  return value as Record<string, string | number | boolean>;
}
