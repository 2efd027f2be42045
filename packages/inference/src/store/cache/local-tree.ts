import { createHash } from 'node:crypto';
import { storeError } from '../store.errors.js';
import type { Store, StoreFile } from '../store.js';
import type { CachedTree } from './cached-tree.js';

/** A store whose files lie on this machine already. */
export type LocalPathStore = Store & Required<Pick<Store, 'localPath' | 'localFolder'>>;

export function hasLocalPath(store: Store): store is LocalPathStore {
  return store.localPath !== undefined && store.localFolder !== undefined;
}

/** What was hashed before, by place and revision: a model that is loaded again is not read twice for it. */
const verified = new Map<string, string>();
const MAX_VERIFIED = 10_000;

/**
 * The files where they lie, once each was seen to be what the listing says.
 * @throws {INF_ERR_STORE_CHANGED | INF_ERR_STORE_CHECKSUM}
 */
export async function localTree(
  store: LocalPathStore,
  files: readonly StoreFile[],
  base: string,
  signal: AbortSignal | undefined,
): Promise<CachedTree> {
  const places = new Map<string, string>();
  for (const file of files) {
    await check(store, file, signal);
    places.set(file.path, store.localPath(file));
  }
  return {
    folder: store.localFolder(base),
    pathOf(file) {
      const place = places.get(file.path);
      if (place !== undefined) return place;
      throw storeError('INF_ERR_STORE_PATH', `${file.path} is not among the files of this tree`);
    },
    release: () => undefined,
  };
}

async function check(store: Store, file: StoreFile, signal: AbortSignal | undefined): Promise<void> {
  const now = await store.stat(file.path, signal);
  if (now?.revision !== file.revision) {
    const text = `${store.uri}: ${file.path} is ${now ? 'another file than listed' : 'gone'}: list the store anew`;
    throw storeError('INF_ERR_STORE_CHANGED', text);
  }
  if (file.sha256 !== undefined) await checkHash(store, file, file.sha256.toLowerCase(), signal);
}

async function checkHash(store: Store, file: StoreFile, wanted: string, signal?: AbortSignal): Promise<void> {
  const key = `${store.uri}\0${file.path}\0${file.revision}`;
  const seen = verified.get(key) ?? (await hashOf(store, file, signal));
  if (verified.size >= MAX_VERIFIED) verified.clear();
  verified.set(key, seen);
  if (seen === wanted) return;
  const text = `${store.uri}: ${file.path} has the SHA-256 ${seen}, not ${wanted} as declared`;
  throw storeError('INF_ERR_STORE_CHECKSUM', text);
}

async function hashOf(store: Store, file: StoreFile, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of await store.read(file, { signal })) hash.update(chunk);
  return hash.digest('hex');
}
