import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { ManualClock } from '@witan-libs/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../open-store.js';
import type { Store } from '../store.js';

let root: string;
let store: Store;
const clock = new ManualClock();
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'witan-local-')));
  store = await openStore(join(root, 'models'), { clock });
});
afterEach(async () => {
  await store.close();
  await rm(root, { recursive: true });
});

async function put(path: string, content = path): Promise<void> {
  const place = join(root, 'models', path);
  await mkdir(dirname(place), { recursive: true });
  await writeFile(place, content);
}

async function link(path: string, target: string): Promise<void> {
  await mkdir(dirname(join(root, 'models', path)), { recursive: true });
  await symlink(target, join(root, 'models', path));
}

const paths = async (folder = ''): Promise<string[]> => (await store.list(folder)).map(({ path }) => path);

async function read(path: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await store.read((await store.stat(path))!)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('a local store', () => {
  it('whose folder is missing is unavailable, not empty: a volume that is not mounted removes no model', async () => {
    await expect(store.list('')).rejects.toMatchObject({
      code: 'INF_ERR_STORE_UNAVAILABLE',
      message: expect.stringContaining(`there is no folder ${root}/models`),
    });
    await put('m.onnx');
    expect(await paths()).toEqual(['m.onnx']);
  });

  it('sees a file written in place, with as many bytes', async () => {
    await put('m.onnx', 'one');
    const [before] = await store.list('');
    await put('m.onnx', 'two');
    const [after] = await store.list('');
    expect(after!.revision).not.toBe(before!.revision);
  });

  it('notices a file that is written to while it is read', async () => {
    await put('m.onnx', 'x'.repeat(600_000));
    const [file] = await store.list('');
    const reading = (async () => {
      for await (const _ of await store.read(file!)) await put('m.onnx', 'y'.repeat(600_000));
    })();
    await expect(reading).rejects.toMatchObject({ code: 'INF_ERR_STORE_CHANGED' });
  });

  describe('with links', () => {
    it('that leave it lists the rest, and refuses to read behind them', async () => {
      await writeFile(join(root, 'secret.onnx'), 'secret');
      await mkdir(join(root, 'outside'));
      await writeFile(join(root, 'outside', 'model.onnx'), 'secret');
      await put('m/model.onnx');
      await link('evil.onnx', '../secret.onnx');
      await link('evil', join(root, 'outside'));
      expect(await paths()).toEqual(['m/model.onnx']);
      for (const path of ['evil.onnx', 'evil/model.onnx']) {
        await expect(store.stat(path)).rejects.toMatchObject({ code: 'INF_ERR_STORE_PATH' });
        const file = { path, bytes: 6, revision: 'x' };
        await expect(store.read(file)).rejects.toMatchObject({ code: 'INF_ERR_STORE_PATH' });
        expect(() => store.localPath!(file)).toThrow(expect.objectContaining({ code: 'INF_ERR_STORE_PATH' }));
      }
      await expect(store.list('evil')).rejects.toMatchObject({ code: 'INF_ERR_STORE_PATH' });
    });

    it('as Kubernetes mounts volumes lists the linked models once, and sees the swap of a new version', async () => {
      await put('..2026_01/iris/1/model.onnx', 'one');
      await link('..data', '..2026_01');
      await link('iris', '..data/iris');
      expect(await paths()).toEqual(['iris/1/model.onnx']);
      const [before] = await store.list('');
      const placeBefore = store.localPath!(before!);
      await put('..2026_02/iris/1/model.onnx', 'two');
      await symlink('..2026_02', join(root, 'models', '..new'));
      await rename(join(root, 'models', '..new'), join(root, 'models', '..data'));
      const [after] = await store.list('');
      expect(after!.revision).not.toBe(before!.revision);
      expect(await read('iris/1/model.onnx')).toBe('two');
      expect(placeBefore).toBe(join(root, 'models/..2026_01/iris/1/model.onnx'));
      expect(store.localPath!(after!)).toBe(join(root, 'models/..2026_02/iris/1/model.onnx'));
    });

    it('that lead back to a folder above end', async () => {
      await put('m/1/model.onnx');
      await link('m/1/again', '..');
      await link('self', '.');
      expect(await paths()).toEqual(['m/1/model.onnx']);
    });

    it('to nowhere, or to each other, has no such files', async () => {
      await put('m.onnx');
      await link('gone.onnx', 'not-there');
      await link('a.onnx', 'b.onnx');
      await link('b.onnx', 'a.onnx');
      expect(await paths()).toEqual(['m.onnx']);
    });
  });

  it('tells changes in its folders, once for many, when they have ceased', async () => {
    await put('m/1/model.onnx');
    await store.list('');
    let told = 0;
    const watch = store.watch!(() => told++);
    await store.list('');
    for (let i = 0; i < 5; i++) await put(`m/1/file-${i}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(told).toBe(0);
    clock.advance(200);
    expect(told).toBe(1);
    watch.close();
    await put('m/1/more');
    await new Promise((resolve) => setTimeout(resolve, 20));
    clock.advance(2_000);
    expect(told).toBe(1);
  });

  it('of a thousand models is polled beside the event loop: the very same list while nothing changes', async () => {
    for (let i = 0; i < 1000; i++) {
      const folder = join(root, 'models', `model-${i}`, '1');
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'model.onnx'), String(i));
    }
    const first = await store.list('');
    expect(first).toHaveLength(1000);
    await store.list('');
    const before = performance.eventLoopUtilization();
    const again = await store.list('');
    const { active } = performance.eventLoopUtilization(before);
    expect(again).toBe(first);
    // A walk of 2000 folders on this thread takes several times as long as everything that is left here.
    expect(active).toBeLessThan(50);
    await put('model-7/1/model.onnx', 'new');
    await rm(join(root, 'models', 'model-8'), { recursive: true });
    const changed = await store.list('');
    expect(changed).toHaveLength(999);
    expect(changed.filter((file) => !first.some(({ revision }) => revision === file.revision))).toMatchObject([
      { path: 'model-7/1/model.onnx', bytes: 3 },
    ]);
  });
});
