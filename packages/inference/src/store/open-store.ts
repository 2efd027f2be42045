import { fileURLToPath } from 'node:url';
import { LocalStore } from './local/local-store.js';
import { storeError } from './store.errors.js';
import type { StoreOptions } from './store-options.js';
import type { Store } from './store.js';

/**
 * The store at `where`: a folder (path or `file://`), `http(s)://…` (a folder with a manifest, or one `.onnx`),
 * `s3://bucket/prefix`; a Store is given back as it is. Nothing is asked of the store yet.
 * @throws {INF_ERR_STORE_URI}
 */
export async function openStore(where: string | URL | Store, options: StoreOptions = {}): Promise<Store> {
  if (typeof where === 'object' && !(where instanceof URL)) return where;
  const text = String(where);
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]+):/.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined && text !== '') return new LocalStore(text, options);
  if (scheme === 'file') return new LocalStore(folderOf(text), options);
  throw storeError('INF_ERR_STORE_URI', `no store for '${scheme ?? ''}'`);
}

function folderOf(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw storeError('INF_ERR_STORE_URI', `${url} names no folder of this machine`, { cause });
  }
}
