import { fileURLToPath } from 'node:url';
import { LocalStore } from './local/local-store.js';
import { RetryingStore } from './remote/retrying-store.js';
import { storeError } from './store.errors.js';
import type { StoreOptions } from './store-options.js';
import type { Store } from './store.js';

/** What makes the store of each scheme; loaded when such a store is opened. */
const REMOTE: Readonly<Record<string, (url: URL, options: StoreOptions) => Promise<Store>>> = {
  http: openHttp,
  https: openHttp,
  az: async (url, options) => (await import('./opendal/azure-store.js')).openAzure(url, options),
  gs: async (url, options) => (await import('./opendal/gcs-store.js')).openGcs(url, options),
  s3: async (url, options) => new (await import('./s3/s3-store.js')).S3Store(url, options),
};

/**
 * The store at `where`: a folder (path or `file://`), `http(s)://…` (a folder with a manifest, or one `.onnx`),
 * `s3://bucket/prefix`, `az://container/prefix` and `gs://bucket/prefix` (these two by the package `opendal`); a Store
 * is given back as it is. Nothing is asked of the store yet.
 * @throws {INF_ERR_STORE_URI} for any other, or when `opendal` is needed and not installed
 */
export async function openStore(where: string | URL | Store, options: StoreOptions = {}): Promise<Store> {
  if (typeof where === 'object' && !(where instanceof URL)) return where;
  const text = String(where);
  // One letter and a colon is a drive of Windows.
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]+):/.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return new LocalStore(localFolder(text), options);
  if (scheme === 'file') return new LocalStore(folderOf(text), options);
  const open = Object.hasOwn(REMOTE, scheme) ? REMOTE[scheme] : undefined;
  if (!open) throw storeError('INF_ERR_STORE_URI', `no store is opened by '${scheme}:': a folder, ${known()} are`);
  if (!URL.canParse(text)) throw storeError('INF_ERR_STORE_URI', `the ${scheme}: address of the store is no URL`);
  return new RetryingStore(await open(new URL(text), options), options);
}

function known(): string {
  return ['file', ...Object.keys(REMOTE)].map((scheme) => `${scheme}:`).join(', ');
}

async function openHttp(url: URL, options: StoreOptions): Promise<Store> {
  return new (await import('./http/http-store.js')).HttpStore(url, options);
}

function localFolder(path: string): string {
  if (path !== '' && !path.includes('\0')) return path;
  throw storeError('INF_ERR_STORE_URI', 'the store is named by an empty text: give a folder or a URL');
}

function folderOf(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw storeError('INF_ERR_STORE_URI', `${url} names no folder of this machine`, { cause });
  }
}
