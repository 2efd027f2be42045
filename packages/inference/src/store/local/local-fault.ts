import { storeError } from '../store.errors.js';

const DENIED = new Set(['EACCES', 'EPERM']);
const PATH = new Set(['ELEAVES', 'ELOOP', 'ENAMETOOLONG']);

/** Whether a file or folder is simply not there. */
export function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** What the file system said about `what`, as an error of the store table. */
export function localFault(error: unknown, what: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  if (DENIED.has(code))
    return storeError('INF_ERR_STORE_DENIED', `${what} may not be read by this user (${code})`, { cause: error });
  if (code === 'ELEAVES') {
    const text = `${what} is a link that leaves the store: copy or mount what it points to, or name that as the store`;
    return storeError('INF_ERR_STORE_PATH', text, { cause: error });
  }
  if (PATH.has(code))
    return storeError('INF_ERR_STORE_PATH', `${what} is no path to a file (${code})`, { cause: error });
  return storeError('INF_ERR_STORE_UNAVAILABLE', `${what} cannot be read (${code})`, { cause: error });
}
