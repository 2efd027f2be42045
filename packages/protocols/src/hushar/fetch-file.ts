import { openStore, type Store, type StoreCache, type StoreFile, type StoreOptions } from '@witan/inference';
import { husharError } from './hushar.errors.js';
import { isStoreUrl } from './read-hushar-config.js';

/**
 * A file that a config names, on this machine: where it lies, or in the cache, from which it is taken when the store
 * does not answer. What belongs to it (`model.onnx.data` beside `model.onnx`) comes along.
 * @param key of the config, for messages
 * @throws {HUSHAR_ERR_CONFIG} when it is not there
 * @throws {INF_ERR_STORE_UNAVAILABLE | INF_ERR_STORE_DENIED | INF_ERR_STORE_URI}
 */
export async function fetchFile(key: string, path: string, cache: StoreCache, options: StoreOptions): Promise<string> {
  if (!isStoreUrl(path)) return path;
  const url = new URL(path);
  const at = url.pathname.lastIndexOf('/');
  const name = decoded(url.pathname.slice(at + 1));
  url.pathname = url.pathname.slice(0, at);
  const store = await openStore(url.href, options);
  try {
    return await fetchFrom(store, name, cache, `${key} ${path}`);
  } finally {
    await store.close();
  }
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

async function fetchFrom(store: Store, name: string, cache: StoreCache, what: string): Promise<string> {
  // It remembers what there was, for when the store does not answer.
  const listed = cache.remembering(store);
  const file = name === '' ? undefined : await listed.stat(name);
  if (!file) throw husharError('HUSHAR_ERR_CONFIG', `${what}: there is no such file`);
  const tree = await cache.tree(store, [file, ...(await companions(listed, name))]);
  return tree.pathOf(file);
}

async function companions(store: Store, name: string): Promise<StoreFile[]> {
  if (!name.endsWith('.onnx')) return [];
  const beside = (await store.list('')).filter(({ path }) => !path.includes('/'));
  return beside.filter(({ path }) => path.startsWith(`${name}.`) || path.startsWith(`${name}_`));
}
