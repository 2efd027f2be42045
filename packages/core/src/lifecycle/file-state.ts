import { type BigIntStats, type FSWatcher, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';

const MAX_BYTES = 1024 * 1024;

/**
 * Changes with whatever is done to a small file, also when another takes its place.
 * @throws {Error} when there is none, or it is none that anybody would have meant
 */
export function fileState(path: string): string {
  const stats: BigIntStats = statSync(path, { bigint: true });
  if (!stats.isFile()) throw new Error('it is no file');
  if (stats.size > MAX_BYTES) throw new Error(`it has ${stats.size} bytes, more than ${MAX_BYTES}`);
  return `${stats.dev} ${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`;
}

/**
 * Hints at changes of a file: watches its folder, because another file may take its place. Where nothing can be watched
 * there are no hints, so look from time to time as well.
 */
export function watchFolderOf(path: string, hint: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(dirname(path), { persistent: false }, hint);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
