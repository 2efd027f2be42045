import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FileServer } from '@witan-libs/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openStore } from '../open-store.js';
import { StoreCache } from './store-cache.js';

const CHILD = fileURLToPath(new URL('./cache-process.spec.child.js', import.meta.url));

let server: FileServer;
let cacheDir: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  server = await FileServer.start();
  cacheDir = await mkdtemp(join(tmpdir(), 'witan-cache-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await server.close();
  await rm(cacheDir, { recursive: true });
});

function start(paths: readonly string[], maxBytes?: number): { child: ChildProcess; results: Promise<unknown[]> } {
  const options = JSON.stringify({ url: server.url, cacheDir, maxBytes, paths });
  const child = spawn(process.execPath, [CHILD, options], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const results = (async () => {
    let text = '';
    for await (const chunk of child.stdout!) text += String(chunk);
    return text === '' ? [] : (JSON.parse(text) as unknown[]);
  })();
  return { child, results };
}

const names = (kind: string): Promise<string[]> => readdir(join(cacheDir, kind)).catch(() => []);

describe('a cache folder of several processes', () => {
  it('whose process was killed in the middle of a download is swept, and the download goes on', async () => {
    server.put('m.onnx', Buffer.alloc(200_000, 7));
    server.fault = ({ path }) => (path === 'm.onnx' ? { stallAfter: 120_000 } : undefined);
    const { child } = start(['m.onnx']);
    await vi.waitUntil(
      async () => {
        const [name] = await names('parts');
        return name !== undefined && statSync(join(cacheDir, 'parts', name)).size === 120_000;
      },
      { timeout: 20_000 },
    );
    child.kill('SIGKILL');
    await once(child, 'exit');
    server.fault = undefined;
    const store = await openStore(server.url);
    const cache = new StoreCache({ cacheDir });
    const tree = await cache.tree(store, await store.list(''));
    expect(statSync(join(tree.folder, 'm.onnx')).size).toBe(200_000);
    expect(server.requests.at(-1)!.headers.range).toBe('bytes=120000-');
    expect(await names('parts')).toEqual([]);
    expect(await names('building')).toEqual([]);
    await cache.close();
    expect(await names('leases')).toEqual([]);
  });

  it('with room for few of their files gives each process every file whole', async () => {
    const paths = Array.from({ length: 8 }, (_, i) => `m${i}.onnx`);
    paths.forEach((path, i) => server.put(path, Buffer.alloc(50_000, i + 1)));
    const orders = [paths, paths.toReversed(), [...paths.slice(4), ...paths.slice(0, 4)]];
    const all = await Promise.all(orders.map((order) => start(order, 300_000).results));
    orders.forEach((order, process) => {
      const expected = order.map((path) => {
        const byte = Number(path[1]) + 1;
        return { path, bytes: 50_000, first: byte, last: byte };
      });
      expect(all[process]).toEqual(expected);
    });
    // Half over the bound at most: what one process brings while another does is not counted twice.
    const sizes = (await names('blobs')).map((name) => statSync(join(cacheDir, 'blobs', name)).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(400_000);
    for (const kind of ['leases', 'parts', 'building']) expect(await names(kind)).toEqual([]);
  });
});
