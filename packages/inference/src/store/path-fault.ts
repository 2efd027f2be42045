/** As long as any file system takes: a name, and a path below a root. */
const MAX_NAME_BYTES = 255;
const MAX_PATH_BYTES = 1024;

/** Control characters, line separators and marks that turn the direction of text: nothing a file is called. */
// eslint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/** Whether `safeRelativePath` lets it pass. Imports nothing: the thread that lists folders loads it too. */
export function isSafeRelativePath(path: string): boolean {
  return pathFault(path) === undefined;
}

/** Why a path is refused. */
export function pathFault(path: unknown): string | undefined {
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
