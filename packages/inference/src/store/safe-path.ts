import { pathFault } from './path-fault.js';
import { storeError } from './store.errors.js';

export { isSafeRelativePath } from './path-fault.js';

/**
 * `path` itself, when it names something below a root whatever the operating system: segments with `/` between them,
 * none of them empty, `.` or `..`; no backslash, drive letter, control character or half a surrogate pair; names of at
 * most 255 bytes, 1024 in all.
 * @throws {INF_ERR_STORE_PATH}
 */
export function safeRelativePath(path: string): string {
  const fault = pathFault(path);
  if (fault === undefined) return path;
  throw storeError('INF_ERR_STORE_PATH', `the path ${printable(path)} is refused: ${fault}`);
}

/** As {@link safeRelativePath}; `''` is the root itself. */
export function safeFolder(folder: string): string {
  return folder === '' ? '' : safeRelativePath(folder);
}

/** For a message: quoted, escaped and cut, whatever it was. */
function printable(path: unknown): string {
  const text = JSON.stringify(String(path).slice(0, 120).toWellFormed());
  return text.replace(
    /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
