import { layoutError } from '../layout.errors.js';
import { isSafeFile, quoted } from '../names.js';

/** As long as a name in any file system. */
const MAX_BYTES = 255;
/** What a server that decodes once too often would turn into something else. */
const ESCAPED = /%[0-9a-f]{2}/i;

/** Why a value cannot be one segment of a path; `undefined` when it can. */
export function segmentFault(value: string): string | undefined {
  if (value === '') return 'it is empty';
  if (/[/\\]/.test(value)) return 'it has a slash';
  if (value.startsWith('.')) return "it begins with '.'";
  if (ESCAPED.test(value)) return 'it is still percent-encoded';
  if (Buffer.byteLength(value) > MAX_BYTES) return `it is longer than ${MAX_BYTES} bytes`;
  return isSafeFile(value) ? undefined : 'it has characters that no file is called by';
}

/**
 * `value` itself, when it is one safe segment.
 * @throws {INF_ERR_MODEL_PARAM}
 */
export function safeSegment(name: string, value: string): string {
  const fault = segmentFault(value);
  if (fault === undefined) return value;
  throw layoutError('INF_ERR_MODEL_PARAM', `the model parameter '${name}' is ${quoted(value)}: ${fault}`, {
    details: { parameter: name },
  });
}
