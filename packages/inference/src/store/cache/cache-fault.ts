import { WitanError } from '@witan/core';
import { storeError } from '../store.errors.js';

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Whether the disk, a quota or a limit of the process has no room. */
export function isDiskFull(error: unknown): boolean {
  return FULL.has((error as NodeJS.ErrnoException | null)?.code ?? '');
}

/** What the file system said about the cache folder, as an error of the store table; everything else as it was. */
export function cacheFault(error: unknown, folder: string): unknown {
  const { code, syscall, path } = error as NodeJS.ErrnoException;
  if (WitanError.is(error) || code === undefined || syscall === undefined) return error;
  if (isDiskFull(error)) {
    const text = `the disk of the model cache ${folder} is full (${code}): free space, or name another with cacheDir`;
    return storeError('INF_ERR_STORE_FULL', text, { cause: error });
  }
  const text = `the model cache ${folder} cannot be used: ${code}, ${syscall} ${path ?? ''}: mend its rights, or name another with cacheDir`;
  return storeError('INF_ERR_STORE_CACHE', text, { cause: error });
}

/** `undefined` in place of an error of this code. */
export async function unless<T>(codes: readonly string[], work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (codes.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
