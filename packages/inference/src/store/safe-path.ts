import { storeError } from './store.errors.js';

/** As long as any file system takes: a name, and a path below a root. */
const MAX_NAME_BYTES = 255;
const MAX_PATH_BYTES = 1024;

/** Control characters, line separators and marks that turn the direction of text: nothing a file is called. */
// eslint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/**
 * `path` itself, when it names something below a root whatever the operating system: segments with `/` between them,
 * none of them empty, `.` or `..`; no backslash, drive letter, control character or half a surrogate pair; names of at
 * most 255 bytes, 1024 in all.
 * @throws {INF_ERR_STORE_PATH}
 */
export function safeRelativePath(path: string): string {
  const fault = faultOf(path);
  if (fault === undefined) return path;
  throw storeError('INF_ERR_STORE_PATH', `the path ${printable(path)} is refused: ${fault}`);
}

/** As {@link safeRelativePath}; `''` is the root itself. */
export function safeFolder(folder: string): string {
  return folder === '' ? '' : safeRelativePath(folder);
}

/** Whether {@link safeRelativePath} would let it pass. */
export function isSafeRelativePath(path: string): boolean {
  return faultOf(path) === undefined;
}

function faultOf(path: unknown): string | undefined {
  if (typeof path !== 'string') return 'it is no text';
  if (path === '') return 'it is empty';
  if (UNPRINTABLE.test(path)) return 'it has a control character';
  if (!path.isWellFormed()) return 'it is not well-formed Unicode';
  if (path.includes('\\')) return "it has a backslash; '/' stands between segments";
  if (path.startsWith('/')) return 'it is absolute';
  if (/^[A-Za-z]:/.test(path)) return 'it begins with a drive letter';
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return `it is longer than ${MAX_PATH_BYTES} bytes`;
  return path
    .split('/')
    .map(segmentFault)
    .find((fault) => fault !== undefined);
}

function segmentFault(segment: string): string | undefined {
  if (segment === '') return 'it has an empty segment';
  if (segment === '.' || segment === '..') return `it has the segment '${segment}'`;
  if (Buffer.byteLength(segment) > MAX_NAME_BYTES) return `a segment is longer than ${MAX_NAME_BYTES} bytes`;
  return undefined;
}

/** For a message: quoted, escaped and cut, whatever it was. */
function printable(path: unknown): string {
  const text = JSON.stringify(String(path).slice(0, 120).toWellFormed());
  return text.replace(
    /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
