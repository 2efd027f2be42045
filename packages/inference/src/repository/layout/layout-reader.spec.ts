import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { LocalStore } from '../../store/local/local-store.js';
import { LayoutReader, listModels, readModel } from './layout-reader.js';
import { MemoryStore } from './memory-store.spec.support.js';

type Files = Readonly<Record<string, string>>;

/** Each model as `version: files` and its problem, for a whole store. */
async function shown(files: Files, uri?: string): Promise<Record<string, unknown>> {
  const models = await listModels(new MemoryStore(files, uri));
  return Object.fromEntries(
    [...models].map(([name, { versions, problem }]) => [
      name,
      problem
        ? problem.message
        : Object.fromEntries(versions.map((each) => [each.version, each.files.map(({ path }) => path)])),
    ]),
  );
}

describe('the models of a store', () => {
  it.each<[string, Files, object]>([
    [
      'version folders, with external data and deeper folders',
      {
        'iris/1/model.onnx': '',
        'iris/10/model.onnx': '',
        'iris/9/model.onnx': '',
        'iris/9/weights/w.bin': '',
        'iris/9/model.onnx.data': '',
      },
      {
        iris: {
          1: ['iris/1/model.onnx'],
          9: ['iris/9/model.onnx', 'iris/9/model.onnx.data', 'iris/9/weights/w.bin'],
          10: ['iris/10/model.onnx'],
        },
      },
    ],
    [
      'no version folder',
      { 'iris/model.onnx': '', 'iris/model.onnx.data': '', 'iris/config.pbtxt': '' },
      { iris: { 1: ['iris/model.onnx', 'iris/model.onnx.data'] } },
    ],
    [
      'single files, each with what lies beside it under its name',
      {
        'iris.onnx': '',
        'iris.onnx.data': '',
        'iris.bin': '',
        'iris.v2.onnx': '',
        'iris.v2.onnx.data': '',
        'readme.md': '',
      },
      {
        iris: { 1: ['iris.onnx', 'iris.bin', 'iris.onnx.data'] },
        'iris.v2': { 1: ['iris.v2.onnx', 'iris.v2.onnx.data'] },
      },
    ],
    [
      'the model as a folder of its own',
      { 'iris/1/model.onnx/model.onnx': '', 'iris/1/model.onnx/w': '' },
      { iris: { 1: ['iris/1/model.onnx/model.onnx', 'iris/1/model.onnx/w'] } },
    ],
    [
      'the only .onnx file under another name',
      { 'iris/1/net.onnx': '', 'w1/net.onnx': '' },
      { iris: { 1: ['iris/1/net.onnx'] }, w1: { 1: ['w1/net.onnx'] } },
    ],
    [
      'default_model_filename',
      { 'iris/1/net.onnx': '', 'iris/1/model.onnx': '', 'iris/config.pbtxt': 'default_model_filename: "net.onnx"' },
      { iris: { 1: ['iris/1/model.onnx', 'iris/1/net.onnx'] } },
    ],
    [
      'hidden and left-behind files',
      {
        '.git/x.onnx': '',
        'iris/..data/1/model.onnx': '',
        'iris/1/model.onnx': '',
        'iris/1/.DS_Store': '',
        'iris/1/lost+found/x': '',
        '.x.onnx': '',
        'lost+found/1/model.onnx': '',
      },
      { iris: { 1: ['iris/1/model.onnx'] } },
    ],
    ['folders that have nothing to do with models', { 'docs/index.md': '', 'data/a/b.csv': '' }, {}],
    [
      'any version names, with a witan.yaml',
      { 'iris/v10/model.onnx': '', 'iris/v9/model.onnx': '', 'iris/docs/x.md': '', 'iris/witan.yaml': '' },
      { iris: { v9: ['iris/v9/model.onnx'], v10: ['iris/v10/model.onnx'] } },
    ],
    [
      'files of the model as a whole, in every version',
      {
        'iris/1/model.onnx': '',
        'iris/2/model.onnx': '',
        'iris/f.json': '',
        'iris/l.txt': 'a',
        'iris/witan.yaml': 'vectorize: f.json\nlabels: { y: l.txt }',
      },
      {
        iris: {
          1: ['iris/1/model.onnx', 'iris/l.txt', 'iris/f.json'],
          2: ['iris/2/model.onnx', 'iris/l.txt', 'iris/f.json'],
        },
      },
    ],
    [
      'MLflow',
      { 'iris/MLmodel': 'flavors: { onnx: { data: net.onnx } }', 'iris/net.onnx': '', 'iris/onnx__w': '' },
      { iris: { 1: ['iris/net.onnx', 'iris/onnx__w'] } },
    ],
    [
      'MLflow with a folder',
      { 'iris/MLmodel': 'flavors: { onnx: { data: data/net } }', 'iris/data/net/model.onnx': '' },
      { iris: { 1: ['iris/data/net/model.onnx'] } },
    ],
  ])('%s', async (_, files, expected) => {
    expect(await shown(files)).toEqual(expected);
  });

  it.each<[string, Files, string, string]>([
    ['a single file', { 'iris.onnx': '' }, 'https://host/models/iris.onnx?key=1', 'iris'],
    ['MLmodel at the root', { MLmodel: 'flavors: { onnx: {} }', 'model.onnx': '' }, 's3://bucket/runs/iris/', 'iris'],
    [
      'config.pbtxt at the root, whose name goes first',
      { 'config.pbtxt': 'name: "fraud"', '1/model.onnx': '' },
      'file:///models/iris',
      'fraud',
    ],
    ['model.onnx at the root', { 'model.onnx': '', 'model.onnx.data': '' }, '/models/iris', 'iris'],
    ['an address that is no name', { 'model.onnx': '' }, '/my models', 'model'],
  ])('a root that is a model: %s', async (_, files, uri, name) => {
    expect(Object.keys(await shown(files, uri))).toEqual([name]);
  });

  it.each<[string, Files, RegExp]>([
    [
      'a folder and a file of one name',
      { 'iris.onnx': '', 'iris/1/model.onnx': '' },
      /iris\/ and iris\.onnx are both called iris/,
    ],
    [
      'a configuration that cannot be read',
      { 'iris/1/model.onnx': '', 'iris/config.pbtxt': 'a:\n  }' },
      /iris\/config\.pbtxt:2:3: /,
    ],
    [
      'another name in it',
      { 'iris/1/model.onnx': '', 'iris/config.pbtxt': 'name: "rose"' },
      /name is "rose", and the model is called "iris"/,
    ],
    ['another backend', { 'iris/1/model.onnx': '', 'iris/config.pbtxt': 'backend: "python"' }, /backend "python"/],
    ['no model file', { 'iris/1/other.txt': '' }, /iris\/ has no model\.onnx.*version "1": it has no model\.onnx/],
    [
      'several candidates',
      { 'iris/1/a.onnx': '', 'iris/1/b.onnx': '' },
      /has no model\.onnx \(it has "a\.onnx", "b\.onnx"\)/,
    ],
    [
      'the file that was asked for is missing',
      { 'iris/1/model.onnx': '', 'iris/config.pbtxt': 'default_model_filename: "net.onnx"' },
      /has no net\.onnx/,
    ],
    ['only a configuration', { 'iris/config.pbtxt': '' }, /has no model\.onnx/],
    [
      'a label file that is missing',
      { 'iris/1/model.onnx': '', 'iris/witan.yaml': 'labels: { y: l.txt }' },
      /names "l\.txt", which is not in iris/,
    ],
    [
      'a configuration that is no text',
      { 'iris/1/model.onnx': '', 'iris/config.pbtxt': '\xff\xfe\x00' },
      /config\.pbtxt:1:/,
    ],
    [
      'a configuration that is too large',
      { 'iris/1/model.onnx': '', 'iris/config.pbtxt': ' '.repeat((1 << 20) + 1) },
      /longer than 1048576 bytes/,
    ],
  ])('says what is wrong with one, and serves the rest: %s', async (_, files, message) => {
    const models = await shown({ ...files, 'rose/1/model.onnx': '' });
    expect(models).toEqual({ iris: expect.stringMatching(message) as string, rose: { 1: ['rose/1/model.onnx'] } });
  });

  it('refuses bytes that are no UTF-8', async () => {
    const store = new MemoryStore({ 'iris/1/model.onnx': '' }).put(
      'iris/config.pbtxt',
      Uint8Array.from([0xff, 0xfe, 0]),
    );
    const { problem } = (await listModels(store)).get('iris')!;
    expect(problem).toMatchObject({ code: 'INF_ERR_MODEL_CONFIG', message: 'iris/config.pbtxt is no UTF-8 text' });
  });

  it('says which version folders it passes over', async () => {
    const store = new MemoryStore({
      'iris/1/model.onnx': '',
      'iris/0/model.onnx': '',
      'iris/007/model.onnx': '',
      'iris/v2/model.onnx': '',
      'iris/3/readme.md': '',
      'iris/model.onnx': '',
      'iris/notes/readme.md': '',
    });
    const { versions, config } = (await listModels(store)).get('iris')!;
    expect(versions.map(({ version }) => version)).toEqual(['1']);
    expect(config.ignored).toEqual([
      'version folder "0": versions begin at 1',
      'version folder "007": versions are written without leading zeros',
      'version "3": it has no model.onnx',
      'version folder "v2": versions are whole numbers, unless the model has a witan.yaml',
      'model.onnx: there are version folders beside it',
    ]);
  });

  it('takes witan.yaml before config.pbtxt before MLmodel, and says so', async () => {
    const store = new MemoryStore({
      'iris/1/model.onnx': '',
      'iris/witan.yaml': 'versions: all',
      'iris/config.pbtxt': 'garbage',
      'iris/MLmodel': '',
      'iris/witan.yml': '',
    });
    const { config } = (await listModels(store)).get('iris')!;
    expect(config).toEqual({
      source: 'witan.yaml',
      versionPolicy: { kind: 'all' },
      ignored: [
        'config.pbtxt: witan.yaml goes first',
        'MLmodel: witan.yaml goes first',
        'witan.yml: it must be called witan.yaml',
      ],
    });
    expect(store.reads).toEqual(['iris/witan.yaml']);
  });

  it('gives the names of classes, and the checksums, with the files', async () => {
    const sum = 'a'.repeat(64);
    const yaml = `labels: { y: l.txt, z: [no, yes] }\nsha256: { 1/model.onnx: ${sum}, 9/model.onnx: ${sum} }`;
    const store = new MemoryStore({
      'iris/1/model.onnx': '',
      'iris/l.txt': 'setosa\r\nversicolor\n\nvirginica\n',
      'iris/witan.yaml': yaml,
    });
    const { config, versions } = (await listModels(store)).get('iris')!;
    expect(config.labels).toEqual({ y: ['setosa', 'versicolor', '', 'virginica'], z: ['no', 'yes'] });
    expect(versions[0]!.modelFile).toMatchObject({ path: 'iris/1/model.onnx', sha256: sum });
    expect(versions[0]!.files).toContain(versions[0]!.modelFile);
    expect(config.ignored).toEqual(['sha256 of "9/model.onnx": there is no such file']);
  });

  it('notes names that no model can have, and models in the wrong place', async () => {
    const reader = new LayoutReader(
      new MemoryStore({ 'my model/1/model.onnx': '', 'iris/eu/run/model.onnx': '', 'a b.onnx': '', 'docs/x': '' }),
    );
    expect([...(await reader.list()).keys()]).toEqual([]);
    expect(reader.notes).toEqual([
      "iris: it has .onnx files, but none where a version's would be",
      expect.stringMatching(/^"my model": no name for a model/),
      expect.stringMatching(/^"a b": no name/),
    ]);
  });
});

describe('asked again', () => {
  const files = {
    'iris/1/model.onnx': '',
    'iris/config.pbtxt': 'max_batch_size: 4',
    'rose/1/model.onnx': '',
    'rose/witan.yaml': '',
  };

  it('gives the same objects, reads nothing and lists once, while nothing changed', async () => {
    const store = new MemoryStore(files);
    const reader = new LayoutReader(store);
    const before = await reader.list();
    expect(store.reads).toHaveLength(2);
    const again = await reader.list();
    expect([...again.keys()]).toEqual(['iris', 'rose']);
    for (const [name, listing] of again) expect(listing).toBe(before.get(name));
    expect([store.reads.length, store.lists]).toEqual([2, 2]);
  });

  it('makes only what changed anew, with another revision', async () => {
    const store = new MemoryStore(files);
    const reader = new LayoutReader(store);
    const before = await reader.list();
    store.put('iris/2/model.onnx').put('iris/config.pbtxt', 'max_batch_size: 8');
    const after = await reader.list();
    expect(after.get('rose')).toBe(before.get('rose'));
    expect(store.reads).toEqual(['iris/config.pbtxt', 'rose/witan.yaml', 'iris/config.pbtxt']);
    const [old, iris] = [before.get('iris')!, after.get('iris')!];
    expect(iris.revision).not.toBe(old.revision);
    expect(iris.versions.map(({ version }) => version)).toEqual(['1', '2']);
    expect(iris.versions[0]!.revision).not.toBe(old.versions[0]!.revision);
    store.put('iris/3/model.onnx');
    const third = (await reader.list()).get('iris')!;
    expect(third.versions[0]!.revision).toBe(iris.versions[0]!.revision);
    store.remove('iris/1/model.onnx');
    store.remove('rose/1/model.onnx');
    store.remove('rose/witan.yaml');
    const last = await reader.list();
    expect([...last.keys()]).toEqual(['iris']);
    expect(last.get('iris')!.versions.map(({ version }) => version)).toEqual(['2', '3']);
  });

  it('keeps a model as it was while its configuration cannot be fetched, and asks again', async () => {
    const store = new MemoryStore(files);
    const reader = new LayoutReader(store);
    const before = await reader.list();
    store.put('iris/config.pbtxt', 'max_batch_size: 8').failing.set('iris/config.pbtxt', new Error('connection cut'));
    expect((await reader.list()).get('iris')).toBe(before.get('iris'));
    expect(reader.notes).toEqual(['iris: connection cut']);
    store.failing.clear();
    expect((await reader.list()).get('iris')!.config.maxBatchSize).toBe(8);
    expect(reader.notes).toEqual([]);
  });

  it('gives a model that was never seen whole as a problem of its own, and asks again', async () => {
    const store = new MemoryStore(files);
    store.failing.set('iris/config.pbtxt', new Error('connection cut'));
    const reader = new LayoutReader(store);
    const models = await reader.list();
    expect(models.get('iris')).toMatchObject({ versions: [], problem: { message: 'connection cut' } });
    expect(models.get('rose')!.problem).toBeUndefined();
    store.failing.clear();
    expect((await reader.list()).get('iris')).toMatchObject({
      config: { maxBatchSize: 4 },
      versions: [{ version: '1' }],
    });
  });
});

describe('what may not be read any more', () => {
  it('stays as it was, while the rest is looked at', async () => {
    const store = new MemoryStore({ 'iris/1/model.onnx': '', 'iris/2/model.onnx': '', 'rose/1/model.onnx': '' });
    const reader = new LayoutReader(store);
    const before = await reader.list();
    store.unreadable = ['iris/2', 'rose'];
    store.put('iris/3/model.onnx');
    const now = await reader.list();
    expect(now.get('rose')).toBe(before.get('rose'));
    expect(now.get('iris')!.versions.map(({ version }) => version)).toEqual(['1', '2', '3']);
    expect(reader.notes).toContain('rose may not be read by this user now: what it had stays as it was');
    store.unreadable = [];
    store.remove('rose/1/model.onnx');
    expect([...(await reader.list()).keys()]).toEqual(['iris']);
  });

  it('is left out when it never could be read', async () => {
    const store = new MemoryStore({ 'iris/1/model.onnx': '', 'rose/1/model.onnx': '' });
    store.unreadable = ['rose'];
    const reader = new LayoutReader(store);
    await reader.list();
    expect([...(await reader.list()).keys()]).toEqual(['iris']);
  });
});

describe('the model at one place', () => {
  const files = {
    'iris/7/small/1/model.onnx': '',
    'iris/7/small/2/model.onnx': '',
    'iris/7/small/config.pbtxt': 'name: "small" max_batch_size: 3',
    'iris/7/large.onnx': '',
    'iris/7/large.onnx.data': '',
    'iris/7/larger.onnx': '',
    'iris/7/docs/readme.md': '',
    'iris/7/docs.onnx': '',
  };

  it('is a folder, or a file; its name is the place', async () => {
    const store = new MemoryStore(files);
    const small = (await readModel(store, 'iris/7/small'))!;
    expect(small).toMatchObject({ name: 'iris/7/small', folder: 'iris/7/small', config: { maxBatchSize: 3 } });
    expect(small.versions.map(({ version }) => version)).toEqual(['1', '2']);
    const large = (await readModel(store, 'iris/7/large'))!;
    expect(large).toMatchObject({ name: 'iris/7/large', folder: 'iris/7' });
    expect(large.versions[0]!.files.map(({ path }) => path)).toEqual(['iris/7/large.onnx', 'iris/7/large.onnx.data']);
    expect((await readModel(store, 'iris/7/large.onnx'))!.versions[0]!.modelFile.path).toBe('iris/7/large.onnx');
    expect(await readModel(store, 'iris/8/small')).toBeUndefined();
  });

  it('is remembered until one of its files changes', async () => {
    const store = new MemoryStore(files);
    const reader = new LayoutReader(store);
    const before = await reader.read('iris/7/small');
    expect(await reader.read('iris/7/small')).toBe(before);
    expect(store.reads).toHaveLength(1);
    store.put('iris/7/small/3/model.onnx');
    expect((await reader.read('iris/7/small'))!.versions).toHaveLength(3);
  });

  it.each(['../iris', '/iris', 'iris/../../x', 'iris\0', ''])('is refused outside of the store: %j', async (folder) => {
    const store = new MemoryStore(files);
    await expect(readModel(store, folder)).rejects.toMatchObject({ code: 'INF_ERR_STORE_PATH' });
    expect(store.lists).toBe(0);
  });
});

describe('a folder of this machine', () => {
  const folders: string[] = [];
  afterEach(() => Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true }))));

  it('is read as any other store', async () => {
    const root = await mkdtemp(join(tmpdir(), 'witan-layout-'));
    folders.push(root);
    const files = { 'iris/1/model.onnx': 'x', 'iris/config.pbtxt': 'max_batch_size: 2', 'rose.onnx': 'y' };
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), content);
    }
    const store = new LocalStore(root);
    const models = await listModels(store);
    expect([...models.keys()]).toEqual(['iris', 'rose']);
    expect(models.get('iris')).toMatchObject({ config: { maxBatchSize: 2 }, versions: [{ version: '1' }] });
    await store.close();
  });
});
