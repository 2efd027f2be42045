import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../memory-store.spec.support.js';
import { compileTemplate } from './path-template.js';
import { resolveLatest } from './resolve-latest.js';

const template = compileTemplate('iris/:run/:model');

async function pathOf(store: MemoryStore, values: Record<string, string>): Promise<string> {
  return template.resolve(await resolveLatest(store, template, values));
}

describe('latest', () => {
  const files = {
    'iris/9/a/model.onnx': '',
    'iris/10/a/model.onnx': '',
    'iris/10/b2.onnx': '',
    'iris/10/b10/1/model.onnx': '',
    'iris/11/notes.txt': '',
    'iris/.trash/a/model.onnx': '',
    'other/99/a/model.onnx': '',
  };

  it('is the greatest name below which there is a model, at each place in turn', async () => {
    const store = new MemoryStore(files);
    expect(await pathOf(store, { run: 'latest', model: 'latest' })).toBe('iris/10/b10');
    expect(await pathOf(store, { run: '9', model: 'latest' })).toBe('iris/9/a');
    expect(await pathOf(store, { run: 'latest', model: 'a' })).toBe('iris/10/a');
  });

  it('asks the store nothing for other values', async () => {
    const store = new MemoryStore(files);
    expect(await pathOf(store, { run: '10', model: 'a' })).toBe('iris/10/a');
    expect(store.lists).toBe(0);
  });

  it.each([
    ['latest', '9\n'],
    ['latest.json', '"9"'],
    ['latest.json', '9'],
    ['latest.json', '{ "latest": "9" }'],
  ])('is what the manifest %s says (%j), without a listing', async (name, content) => {
    const store = new MemoryStore({ ...files, [`iris/${name}`]: content });
    expect(await pathOf(store, { run: 'latest', model: 'a' })).toBe('iris/9/a');
    expect(store.lists).toBe(0);
  });

  it('is the folder of that name, where there is one', async () => {
    const store = new MemoryStore({ ...files, 'iris/latest/a/model.onnx': '' });
    expect(await pathOf(store, { run: 'latest', model: 'a' })).toBe('iris/latest/a');
  });

  it.each([
    ['latest', '../../etc'],
    ['latest', ''],
    ['latest', '.hidden'],
    ['latest.json', '{ "latest": ["9"] }'],
    ['latest.json', '{'],
  ])('refuses the manifest %s with %j', async (name, content) => {
    const store = new MemoryStore({ ...files, [`iris/${name}`]: content });
    await expect(pathOf(store, { run: 'latest', model: 'a' })).rejects.toMatchObject({ code: 'INF_ERR_MODEL_PARAM' });
  });

  it('refuses a manifest that is too large, and a place with nothing in it', async () => {
    const huge = new MemoryStore({ 'iris/latest': '9'.repeat(10_000) });
    await expect(pathOf(huge, { run: 'latest', model: 'a' })).rejects.toThrow(/longer than 4096 bytes/);
    const empty = pathOf(new MemoryStore(), { run: 'latest', model: 'a' });
    await expect(empty).rejects.toMatchObject({
      code: 'INF_ERR_MODEL_PARAM',
      message: expect.stringMatching(/there is no latest in 'iris'/) as string,
    });
  });
});
