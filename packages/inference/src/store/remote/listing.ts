import type { StoreFile } from '../store.js';

/** Names that begin with a dot are not listed, in any store: `.git`, `.DS_Store`, what a tool keeps for itself. */
export function isListed(path: string): boolean {
  return !path.startsWith('.') && !path.includes('/.');
}

/** The files at or below a folder, of a list sorted by path. */
export function below(files: readonly StoreFile[], folder: string): readonly StoreFile[] {
  if (folder === '') return files;
  return files.filter(({ path }) => path === folder || path.startsWith(`${folder}/`));
}

/** In the order of a listing. */
export function byPath(a: StoreFile, b: StoreFile): number {
  return a.path < b.path ? -1 : 1;
}
