import { chmodSync, existsSync, statSync, truncateSync, utimesSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { FileServer, ManualClock } from '@witan-libs/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openStore } from '../open-store.js';
import type { Store, StoreFile } from '../store.js';
import type { CachedTree, StoreCacheOptions } from './cached-tree.js';
import { StoreCache } from './store-cache.js';

let server: FileServer;
let store: Store;
let cacheDir: string;
const caches: StoreCache[] = [];

beforeEach(async () => {
  server = await FileServer.start();
  store = await openStore(server.url, { retry: { attempts: 1 } });
  cacheDir = await mkdtemp(join(tmpdir(), 'witan-cache-'));
});
afterEach(async () => {
  for (const cache of caches.splice(0)) await cache.close();
  await server.close();
  await rm(cacheDir, { recursive: true });
});

function newCache(options: StoreCacheOptions = {}): StoreCache {
  const cache = new StoreCache({ cacheDir, ...options });
  caches.push(cache);
  return cache;
}

const names = async (kind: string): Promise<string[]> => readdir(join(cacheDir, kind)).catch(() => []);
const gets = (path: string): number =>
  server.requests.filter((each) => each.method === 'GET' && each.path === path).length;
const contentOf = (tree: CachedTree, file: StoreFile): Promise<string> => readFile(tree.pathOf(file), 'utf8');

async function fileOf(path: string): Promise<StoreFile> {
  return (await store.stat(path))!;
}

/** Fetches one file of `bytes`, and lets it go again unless told to keep it. */
async function fetchOne(cache: StoreCache, path: string, bytes: number, keep = false): Promise<CachedTree> {
  server.put(path, Buffer.alloc(bytes, path));
  const tree = await cache.tree(store, [await fileOf(path)]);
  if (!keep) tree.release();
  return tree;
}

describe('a cached tree', () => {
  it('has external data beside its model, and is not asked for again', async () => {
    server.put('m/1/model.onnx', 'model');
    server.put('m/1/data/weights.bin', 'weights');
    server.put('m/config.pbtxt', 'config');
    const files = (await store.list('')).filter(({ path }) => path.startsWith('m/1/'));
    const cache = newCache();
    const tree = await cache.tree(store, files, { base: 'm/1' });
    expect(await readFile(join(tree.folder, 'model.onnx'), 'utf8')).toBe('model');
    expect(await readFile(join(tree.folder, 'data/weights.bin'), 'utf8')).toBe('weights');
    expect(tree.pathOf(files[1]!)).toBe(join(tree.folder, 'model.onnx'));
    const asked = server.requests.length;
    expect((await cache.tree(store, files, { base: 'm/1' })).folder).toBe(tree.folder);
    expect((await newCache().tree(store, files, { base: 'm/1' })).folder).toBe(tree.folder);
    expect(server.requests).toHaveLength(asked);
  });

  it('keeps a content once, whichever files have it', async () => {
    for (const path of ['a/1/model.onnx', 'a/2/model.onnx']) server.put(path, 'the same');
    const files = await store.list('');
    const cache = newCache();
    const [one, two] = await Promise.all(files.map((file) => cache.tree(store, [file])));
    expect(statSync(one!.pathOf(files[0]!)).ino).toBe(statSync(two!.pathOf(files[1]!)).ino);
    expect(await names('blobs')).toHaveLength(1);
  });

  it('is fetched once for all who ask at once', async () => {
    server.put('m.onnx', 'model');
    const file = await fileOf('m.onnx');
    const cache = newCache();
    const trees = await Promise.all(Array.from({ length: 20 }, () => cache.tree(store, [file])));
    expect(new Set(trees.map(({ folder }) => folder)).size).toBe(1);
    expect(gets('m.onnx')).toBe(1);
  });

  it('keeps its content when the store has a new one, whose tree is another', async () => {
    server.put('m.onnx', 'one');
    const before = await fileOf('m.onnx');
    const cache = newCache();
    const old = await cache.tree(store, [before]);
    server.put('m.onnx', 'two');
    const after = await fileOf('m.onnx');
    const now = await cache.tree(store, [after]);
    expect([await contentOf(old, before), await contentOf(now, after)]).toEqual(['one', 'two']);
  });

  it('of a local folder is that folder, unless a copy is asked for, which nobody can change', async () => {
    const root = await mkdtemp(join(tmpdir(), 'witan-models-'));
    await mkdir(join(root, 'm'));
    await writeFile(join(root, 'm/model.onnx'), 'one');
    const local = await openStore(root);
    const files = await local.list('');
    const cache = newCache();
    const tree = await cache.tree(local, files, { base: 'm' });
    expect([tree.folder, tree.pathOf(files[0]!)]).toEqual([join(root, 'm'), join(root, 'm/model.onnx')]);
    expect(await readdir(cacheDir)).toEqual([]);
    const copy = await cache.tree(local, files, { base: 'm', copy: true });
    await writeFile(join(root, 'm/model.onnx'), 'two');
    expect(await contentOf(copy, files[0]!)).toBe('one');
    await expect(cache.tree(local, files)).rejects.toMatchObject({ code: 'INF_ERR_STORE_CHANGED' });
    const [now] = await local.list('');
    const declared = { ...now!, sha256: '0'.repeat(64) };
    await expect(cache.tree(local, [declared])).rejects.toMatchObject({ code: 'INF_ERR_STORE_CHECKSUM' });
    await rm(root, { recursive: true });
  });

  it('refuses files that leave it', async () => {
    const cache = newCache();
    const refused = { code: 'INF_ERR_STORE_PATH' };
    const file = (path: string): StoreFile => ({ path, bytes: 1, revision: 'x' });
    await expect(cache.tree(store, [file('../../etc/passwd')])).rejects.toMatchObject(refused);
    await expect(cache.tree(store, [file('m2/x')], { base: 'm' })).rejects.toMatchObject(refused);
    await expect(cache.tree(store, [file('m/x')], { base: '..' })).rejects.toMatchObject(refused);
  });
});

describe('a download', () => {
  it('that was cut goes on where it was, without asking for a byte twice', async () => {
    server.put('m.onnx', 'x'.repeat(100_000));
    const file = await fileOf('m.onnx');
    server.fault = ({ path }) => (path === 'm.onnx' ? { cutAfter: 60_000 } : undefined);
    const cache = newCache();
    await expect(cache.tree(store, [file])).rejects.toMatchObject({ code: 'INF_ERR_STORE_UNAVAILABLE' });
    expect(await names('blobs')).toEqual([]);
    server.fault = undefined;
    const tree = await cache.tree(store, [file]);
    expect(await contentOf(tree, file)).toBe('x'.repeat(100_000));
    expect(server.requests.at(-1)!.headers.range).toBe('bytes=60000-');
    expect(await names('parts')).toEqual([]);
  });

  it('with another SHA-256 than declared is thrown away whole, and may come right the next time', async () => {
    server.put('m.onnx', 'right');
    const hash = '1cb7fe7d5e5dbd6ba8cbbb7e6e2c2f8ec8b2e2e0d6f2a7d5b1b1b1b1b1b1b1b1';
    const file = { ...(await fileOf('m.onnx')), sha256: hash };
    const cache = newCache();
    await expect(cache.tree(store, [file])).rejects.toMatchObject({
      code: 'INF_ERR_STORE_CHECKSUM',
      message: expect.stringContaining(hash),
    });
    for (const kind of ['blobs', 'parts', 'trees', 'building']) expect(await names(kind)).toEqual([]);
  });

  it('of a file that changed in between, or is gone, says so and leaves nothing', async () => {
    server.put('m.onnx', 'one');
    const file = await fileOf('m.onnx');
    server.put('m.onnx', 'two');
    const cache = newCache();
    await expect(cache.tree(store, [file])).rejects.toMatchObject({ code: 'INF_ERR_STORE_CHANGED' });
    server.remove('m.onnx');
    await expect(cache.tree(store, [file])).rejects.toMatchObject({ code: 'INF_ERR_STORE_CHANGED' });
    expect(await names('parts')).toEqual([]);
  });

  it('goes on for the others when one who waits for it gives up', async () => {
    server.put('m.onnx', 'x'.repeat(1000));
    const file = await fileOf('m.onnx');
    let goOn!: () => void;
    const until = new Promise<void>((resolve) => (goOn = resolve));
    server.fault = ({ path }) => (path === 'm.onnx' ? { stallAfter: 10, until } : undefined);
    const cache = newCache();
    const one = new AbortController();
    const first = cache.tree(store, [file], { signal: one.signal });
    const second = cache.tree(store, [file]);
    await vi.waitUntil(() => gets('m.onnx') === 1);
    one.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    goOn();
    expect(await contentOf(await second, file)).toHaveLength(1000);
    expect(gets('m.onnx')).toBe(1);
  });

  it('ends when all have given up, and the next goes on from there', async () => {
    server.put('m.onnx', 'x'.repeat(100_000));
    const file = await fileOf('m.onnx');
    server.fault = ({ path }) => (path === 'm.onnx' ? { stallAfter: 50_000 } : undefined);
    const cache = newCache();
    const controller = new AbortController();
    const tree = cache.tree(store, [file], { signal: controller.signal });
    const sizeOfPart = async (): Promise<number> => {
      const [name] = await names('parts');
      return name === undefined ? 0 : statSync(join(cacheDir, 'parts', name)).size;
    };
    await vi.waitUntil(async () => (await sizeOfPart()) === 50_000);
    controller.abort();
    await expect(tree).rejects.toMatchObject({ name: 'AbortError' });
    server.fault = undefined;
    expect(await contentOf(await cache.tree(store, [file]), file)).toHaveLength(100_000);
    expect(server.requests.at(-1)!.headers.range).toBe('bytes=50000-');
  });

  it('that takes long is told about: by events, and by a line in the log every few seconds', async () => {
    const lines: string[] = [];
    const clock = new ManualClock();
    const cache = newCache({ clock });
    const { Logger } = await import('@nestjs/common');
    const log = vi.spyOn(Logger.prototype, 'log').mockImplementation((line: unknown) => void lines.push(String(line)));
    server.put('m.onnx', Buffer.alloc(3 * 2 ** 20));
    const events: number[] = [];
    const onProgress = ({ bytes, totalBytes, file }: { bytes: number; totalBytes: number; file: string }): void => {
      expect([file, totalBytes]).toEqual(['m.onnx', 3 * 2 ** 20]);
      events.push(bytes);
      clock.advance(4_000);
    };
    await cache.tree(store, [await fileOf('m.onnx')], { onProgress });
    log.mockRestore();
    expect(events.at(-1)).toBe(3 * 2 ** 20);
    expect(events).toHaveLength(3);
    expect(lines).toEqual([
      expect.stringMatching(/^downloading http:.*m\.onnx: 2\.\d of 3\.1 MB, \d+ %$/),
      expect.stringMatching(/all 3\.1 MB are here after 8\.0 s$/),
    ]);
  });
});

describe('the bound of a cache', () => {
  it('lets what was used longest ago go, and what is in use stay', async () => {
    const cache = newCache({ maxBytes: 3000 });
    const held = await fetchOne(cache, 'held.onnx', 1000, true);
    const old = await fetchOne(cache, 'old.onnx', 1000);
    const recent = await fetchOne(cache, 'recent.onnx', 1000);
    utimesSync(held.folder, 1, 1);
    utimesSync(old.folder, 2, 2);
    await fetchOne(cache, 'new.onnx', 1000);
    expect([held, old, recent].map(({ folder }) => existsSync(folder))).toEqual([true, false, true]);
    expect(await names('blobs')).toHaveLength(3);
    expect(await names('refs')).toHaveLength(3);
  });

  it('sees what another process holds, whatever its clock says, and what it had when it ended', async () => {
    const other = newCache();
    const held = await fetchOne(other, 'held.onnx', 2000, true);
    for (const lease of await names('leases')) utimesSync(join(cacheDir, 'leases', lease), 1, 1);
    const cache = newCache({ maxBytes: 3000 });
    await expect(fetchOne(cache, 'new.onnx', 2000)).rejects.toMatchObject({
      code: 'INF_ERR_STORE_FULL',
      category: 'RESOURCE_EXHAUSTED',
      message: expect.stringContaining('2000 bytes of it are in use: raise maxBytes'),
    });
    expect(existsSync(held.folder)).toBe(true);
    held.release();
    await other.close();
    await fetchOne(cache, 'new.onnx', 2000);
    expect(existsSync(held.folder)).toBe(false);
  });

  it('refuses what alone is larger, and removes nothing for it', async () => {
    const cache = newCache({ maxBytes: 1000 });
    const tree = await fetchOne(cache, 'small.onnx', 900);
    await expect(fetchOne(cache, 'large.onnx', 1001)).rejects.toMatchObject({ code: 'INF_ERR_STORE_FULL' });
    expect(existsSync(tree.folder)).toBe(true);
  });
});

describe('a cache folder', () => {
  it('that something damaged is mended', async () => {
    server.put('m.onnx', 'whole content');
    const file = await fileOf('m.onnx');
    const cache = newCache();
    const tree = await cache.tree(store, [file]);
    chmodSync(tree.pathOf(file), 0o600);
    truncateSync(tree.pathOf(file), 3);
    const again = await newCache().tree(store, [file]);
    expect(await contentOf(again, file)).toBe('whole content');
    await rm(again.pathOf(file), { force: true });
    expect(await contentOf(await cache.tree(store, [file]), file)).toBe('whole content');
  });

  it('that somebody removed while it was in use is made again', async () => {
    const cache = newCache();
    const held = await fetchOne(cache, 'm.onnx', 100, true);
    await rm(cacheDir, { recursive: true });
    const file = await fileOf('m.onnx');
    const again = await cache.tree(store, [file]);
    expect(await contentOf(again, file)).toHaveLength(100);
    expect(again.folder).toBe(held.folder);
    expect((await cache.remembering(store).list('')).map(({ path }) => path)).toEqual(['m.onnx']);
    expect(gets('m.onnx')).toBe(2);
  });

  it('that is no folder, or may not be written, is an error that names it', async () => {
    const file = join(cacheDir, 'file');
    await writeFile(file, '');
    server.put('m.onnx', 'x');
    const cache = newCache({ cacheDir: join(file, 'cache') });
    await expect(cache.tree(store, [await fileOf('m.onnx')])).rejects.toMatchObject({
      code: 'INF_ERR_STORE_CACHE',
      message: expect.stringContaining(`${file}/cache`),
    });
  });

  it('and a local store, that this user may not read or write, are denied by name', async () => {
    server.put('m.onnx', 'x');
    const file = await fileOf('m.onnx');
    const local = await openStore(cacheDir);
    const cache = newCache({ cacheDir: join(cacheDir, 'below') });
    chmodSync(cacheDir, 0o000);
    // Root may do anything: be somebody else for a moment.
    const isRoot = process.geteuid!() === 0;
    if (isRoot) process.seteuid!(65_534);
    const errors = await Promise.all([cache.tree(store, [file]), local.list('')].map((each) => each.catch(String)));
    if (isRoot) process.seteuid!(0);
    chmodSync(cacheDir, 0o700);
    expect(errors).toEqual([
      expect.stringMatching(/the model cache .*below cannot be used: EACCES/),
      expect.stringMatching(/may not be read by this user \(EACCES\)/),
    ]);
  });

  it('is not made before something is kept', async () => {
    newCache({ cacheDir: join(cacheDir, 'not', 'yet') });
    expect(existsSync(join(cacheDir, 'not'))).toBe(false);
  });
});

describe('a store with a memory', () => {
  it('is served from the cache while it is down, by a process that starts then, and says so', async () => {
    server.put('m/1/model.onnx', 'model');
    server.put('m/config.pbtxt', 'config');
    server.put('n/1/model.onnx', 'never loaded');
    const before = newCache();
    const up = before.remembering(store);
    const files = await up.list('');
    expect(up.outage).toBeUndefined();
    for await (const _ of await up.read(files.find(({ path }) => path === 'm/config.pbtxt')!));
    await before.tree(
      up,
      files.filter(({ path }) => path === 'm/1/model.onnx'),
    );

    server.fault = () => ({ status: 503 });
    const cache = newCache();
    const down = cache.remembering(await openStore(server.url, { retry: { attempts: 1 } }));
    expect(await down.list('')).toEqual(files);
    expect((await down.list('n')).map(({ path }) => path)).toEqual(['n/1/model.onnx']);
    expect(down.outage).toMatchObject({ error: { code: 'INF_ERR_STORE_UNAVAILABLE' } });
    const [model, config, absent] = await Promise.all(
      ['m/1/model.onnx', 'm/config.pbtxt', 'n/1/model.onnx'].map((path) => down.stat(path)),
    );
    const tree = await cache.tree(down, [model!], { base: 'm/1' });
    expect(await readFile(join(tree.folder, 'model.onnx'), 'utf8')).toBe('model');
    const chunks: Uint8Array[] = [];
    for await (const chunk of await down.read(config!)) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe('config');
    await expect(cache.tree(down, [absent!])).rejects.toMatchObject({ code: 'INF_ERR_STORE_UNAVAILABLE' });

    server.fault = undefined;
    server.put('m/2/model.onnx', 'newer');
    expect(await down.list('m/2')).toHaveLength(1);
    expect(down.outage).toBeUndefined();
  });

  it('that never answered has nothing to serve', async () => {
    server.fault = () => ({ status: 503 });
    await expect(newCache().remembering(store).list('')).rejects.toMatchObject({ code: 'INF_ERR_STORE_UNAVAILABLE' });
    expect(await newCache().known(store)).toBeUndefined();
  });

  it('does not take a damaged or forged memory for a listing', async () => {
    server.put('m.onnx', 'x');
    const cache = newCache();
    await cache.remembering(store).list('');
    const [name] = await names('listings');
    const place = join(cacheDir, 'listings', name!);
    for (const text of ['', '{', '{"files":[{"path":"../x","bytes":1,"revision":"x"}],"listedAt":1}', '{"files":1}']) {
      await writeFile(place, text);
      expect(await newCache().known(store)).toBeUndefined();
    }
    expect(dirname(place)).toBe(join(cacheDir, 'listings'));
  });
});
