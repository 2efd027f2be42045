import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Frame } from '@witan/core/frame';
import { fixtureModel, ManualClock } from '@witan-libs/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ModelModuleOptions, ModelOptions } from '../module/model-options.js';
import { RunnerFactory } from '../runner/runner-factory.js';
import type { Store } from '../store/store.js';
import { LocalStore } from '../store/local/local-store.js';
import { ModelRepository } from './model-repository.js';
import type { RepositoryLog } from './repository-log.js';
import { VersionHandle } from './version-handle.js';

const row = Frame.fromColumns({ a: Float32Array.of(1), b: Float32Array.of(2), c: Float32Array.of(3) });
/** y = x */
const SAME = 'identity-f32';
/** y = 2x */
const TWICE = 'variable-width';

const IDENTITY = { type: 'identity', default_val: [0] };
const VECTORIZATION = {
  feature_transformations: { a: IDENTITY, b: IDENTITY, c: IDENTITY },
  feature_order: ['a', 'b', 'c'],
};

let folder: string;
const open: { close(): Promise<void> }[] = [];
const warnings: string[] = [];
const log: RepositoryLog = { log: () => undefined, warn: (text) => void warnings.push(text) };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'witan-repository-'));
  warnings.length = 0;
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
  await rm(folder, { recursive: true, force: true });
});

const models = (): string => join(folder, 'models');

async function put(place: string, fixture: string): Promise<void> {
  const path = join(models(), place);
  await mkdir(dirname(path), { recursive: true });
  await cp(fixtureModel(fixture), `${path}.new`);
  await rename(`${path}.new`, path);
}

async function write(place: string, text: string): Promise<void> {
  const path = join(models(), place);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

interface Started {
  readonly repository: ModelRepository;
  readonly clock: ManualClock;
}

function repositoryOf(options: ModelModuleOptions = {}): Started {
  const clock = new ManualClock({ turns: 'event-loop' });
  const cache = { cacheDir: join(folder, 'cache') };
  const all = { store: models(), cache, ...options };
  const runners = new RunnerFactory({ trusted: true, execution: 'inline', ...options.runners }, { clock });
  const repository = new ModelRepository({ options: all, runners, clock, log });
  open.push(repository);
  return { repository, clock };
}

async function serveAll(options: ModelModuleOptions = {}): Promise<Started> {
  const started = repositoryOf({ serve: 'all', ...options });
  await started.repository.start();
  return started;
}

async function declared(repository: ModelRepository, options: ModelOptions): Promise<VersionHandle> {
  const handle = await repository.declare(options);
  if (handle instanceof VersionHandle) return handle;
  throw new Error('a template');
}

async function answer(model: { run(frame: Frame): Promise<Frame> } | Promise<{ run(frame: Frame): Promise<Frame> }>) {
  const y = await (await model).run(row);
  return (y.column('y').get(0) as Float32Array)[0];
}

describe('a model that cannot be loaded', () => {
  it('tells its callers why, and only the log where it lies', async () => {
    await write('m/1/model.onnx', 'no model');
    const { repository } = await serveAll();
    const error: Error = await Promise.resolve(repository.use('m')).then(
      () => new Error('served'),
      (refused) => refused,
    );
    expect(error).toMatchObject({ code: 'INF_ERR_MODEL_UNAVAILABLE' });
    expect(error.message).toMatch(/version 1 of model 'm' .*onnxruntime refused model.onnx: /);
    const told = JSON.stringify([error.message, repository.describeAll(), repository.health()]);
    expect(told).toContain('onnxruntime refused');
    expect(told).not.toContain(folder);
    expect(warnings.join()).toContain(join(models(), 'm/1/model.onnx'));
  });
});

const states = (repository: ModelRepository): string[] =>
  repository.describeAll().flatMap(({ name, versions }) => versions.map((v) => `${name} ${v.version} ${v.state}`));

describe('a declared model', () => {
  it('may be a folder with versions, of which one is named', async () => {
    await put('m/1/model.onnx', SAME);
    await put('m/2/model.onnx', TWICE);
    const { repository } = repositoryOf();
    expect(await answer(await declared(repository, { name: 'm' }))).toBe(2);
    const first = await declared(repository, { name: 'first', path: 'm', version: '1' });
    expect(await answer(first)).toBe(1);
  });

  it('follows the store when that is looked at', async () => {
    await put('m/1/model.onnx', SAME);
    const { repository } = repositoryOf();
    const follows = await declared(repository, { name: 'm' });
    const stays = await declared(repository, { name: 'stays', path: 'm', refresh: false });
    await put('m/2/model.onnx', TWICE);
    await repository.refresh();
    expect(await answer(follows)).toBe(2);
    expect(await answer(stays)).toBe(1);
    await repository.load('stays');
    expect(await answer(stays)).toBe(2);
  });

  it('of a single file is loaded anew when the file is another', async () => {
    await put('m.onnx', SAME);
    const { repository } = repositoryOf();
    const handle = await declared(repository, { name: 'm' });
    await put('m.onnx', TWICE);
    await repository.refresh();
    expect(await answer(handle)).toBe(2);
    expect(states(repository)).toEqual(['m 1 READY']);
  });

  it('takes batch and runner options of its configuration, under those of the code', async () => {
    await put('m/1/model.onnx', SAME);
    await write('m/witan.yaml', 'batch: { maxRows: 16, maxDelayMs: 3 }\nwarmUpRows: [5]\n');
    const { repository } = repositoryOf();
    await declared(repository, { name: 'm', batch: { maxDelayMs: 1 } });
    expect((await repository.use('m')).gate.options).toMatchObject({ maxRows: 16, maxDelayMs: 1 });
  });

  it('is refused when its configuration contradicts the file', async () => {
    await put('m/1/model.onnx', SAME);
    await write('m/config.pbtxt', 'input [{ name: "x" data_type: TYPE_INT64 dims: [-1, 3] }]');
    const { repository } = repositoryOf();
    await expect(declared(repository, { name: 'm' })).rejects.toMatchObject({ code: 'INF_ERR_MODEL_CONFIG' });
  });

  it('of which the whole store is missing is not found, with the places looked at', async () => {
    const { repository } = repositoryOf({ store: join(folder, 'nowhere') });
    await expect(declared(repository, { name: 'm' })).rejects.toMatchObject({
      code: 'INF_ERR_MODEL_NOT_FOUND',
      message: expect.stringContaining(`model 'm': no file at ${join(folder, 'nowhere', 'm.onnx')}`),
    });
  });

  it('is refused when its path cannot be one', async () => {
    const { repository } = repositoryOf();
    for (const path of ['../:color', 'a//:b'])
      await expect(repository.declare({ name: path, path })).rejects.toMatchObject({ code: 'INF_ERR_OPTIONS' });
    await put('m/1/model.onnx', SAME);
    const missing = repository.declare({ name: 'm', version: '3' });
    await expect(missing).rejects.toMatchObject({ code: 'INF_ERR_VERSION_NOT_FOUND' });
  });

  it('is vectorized by the file that its configuration names', async () => {
    await put('m/1/model.onnx', SAME);
    await write('m/features.json', JSON.stringify(VECTORIZATION));
    await write('m/witan.yaml', 'vectorize: features.json\n');
    const { repository } = repositoryOf();
    const handle = await declared(repository, { name: 'm' });
    const shuffled = Frame.fromColumns({ c: Float32Array.of(3), a: Float32Array.of(1), b: Float32Array.of(2) });
    const y = (await handle.run(shuffled)).column('y').get(0);
    expect(y).toEqual(Float32Array.of(1, 2, 3));
  });
});

describe('every model of a store', () => {
  it('is served: those there are, those that come, and those that go', async () => {
    await put('a/1/model.onnx', SAME);
    await put('b.onnx', TWICE);
    const { repository } = await serveAll();
    expect(states(repository)).toEqual(['a 1 READY', 'b 1 READY']);
    expect([await answer(repository.use('a')), await answer(repository.use('b'))]).toEqual([1, 2]);
    await put('c/7/model.onnx', SAME);
    await rm(join(models(), 'b.onnx'));
    await repository.refresh();
    expect(states(repository)).toEqual(['a 1 READY', 'c 7 READY']);
    expect(() => repository.use('b')).toThrow(/no model 'b': there are a, c/);
  });

  it('that is broken touches no other, and says why', async () => {
    await put('good/1/model.onnx', SAME);
    await write('bad/1/model.onnx', 'no model');
    await write('worse/config.pbtxt', 'max_batch_size: "many"');
    await put('worse/1/model.onnx', SAME);
    const { repository } = await serveAll();
    expect(await answer(repository.use('good'))).toBe(1);
    await expect((async () => repository.use('bad'))()).rejects.toMatchObject({ code: 'INF_ERR_MODEL_UNAVAILABLE' });
    await expect((async () => repository.use('worse'))()).rejects.toThrow(/config.pbtxt/);
    const health = repository.health();
    expect(health.map(({ name, ok }) => [name, ok])).toEqual([
      ['model:bad', true],
      ['model:worse', true],
    ]);
    await put('bad/1/model.onnx', TWICE);
    await rm(join(models(), 'worse/config.pbtxt'));
    await repository.refresh();
    expect([await answer(repository.use('bad')), await answer(repository.use('worse'))]).toEqual([2, 1]);
    expect(repository.health()).toEqual([]);
  });

  it('that hangs its thread at load is killed, and holds up no other', async () => {
    await put('endless/1/model.onnx', 'endless');
    await put('good/1/model.onnx', SAME);
    await put('more/1/model.onnx', SAME);
    const { repository, clock } = repositoryOf({ serve: 'all', runners: { trusted: false, trialTimeoutMs: 1e9 } });
    const starting = repository.start();
    const isLoading = (): boolean => repository.describe('endless')?.versions[0]?.state === 'LOADING';
    await until(isLoading);
    while (!repository.served('good') || !repository.served('more')) {
      clock.advance(1);
      await new Promise(setImmediate);
    }
    clock.advance(1e9);
    await starting;
    expect(states(repository)).toEqual(['endless 1 UNAVAILABLE', 'good 1 READY', 'more 1 READY']);
    expect(repository.describe('endless')!.versions[0]!.code).toBe('INF_ERR_MODEL_TRIAL');
  });

  it('goes on serving as it was while its configuration cannot be read', async () => {
    await put('m/1/model.onnx', SAME);
    const { repository } = await serveAll();
    await write('m/config.pbtxt', 'max_batch_size: "many"');
    await repository.refresh();
    expect(await answer(repository.use('m'))).toBe(1);
    expect(repository.describe('m')!.warning).toMatch(/config.pbtxt/);
  });

  it('is loaded at boot as far as there is room, the others when they are used', async () => {
    for (const name of ['a', 'b', 'c']) await put(`${name}.onnx`, SAME);
    const { repository } = await serveAll({ loaded: { maxModels: 2 } });
    expect(states(repository)).toEqual(['a 1 READY', 'b 1 READY', 'c 1 UNAVAILABLE']);
    await repository.use('a');
    expect(await answer(repository.use('c'))).toBe(1);
    await repository.refresh();
    expect(states(repository)).toEqual(['a 1 READY', 'b 1 UNAVAILABLE', 'c 1 READY']);
  });

  it('is loaded when it is used, if so wished, but for those named', async () => {
    for (const name of ['a', 'b', 'c']) await put(`${name}.onnx`, SAME);
    const { repository } = await serveAll({ loading: 'lazy', prefetch: ['b'], pin: ['b'], loaded: { maxModels: 2 } });
    expect(states(repository)).toEqual(['a 1 UNAVAILABLE', 'b 1 READY', 'c 1 UNAVAILABLE']);
    await repository.use('a');
    await repository.use('c');
    expect(states(repository)).toEqual(['a 1 UNAVAILABLE', 'b 1 READY', 'c 1 READY']);
  });

  it('says what looks like a model and is none, once', async () => {
    await put('a.onnx', SAME);
    await put('deep/in/there/model.onnx', SAME);
    const { repository } = await serveAll();
    await repository.refresh();
    expect(warnings).toEqual([expect.stringContaining('deep')]);
  });

  it('waits for the first look of a store that is not there yet', async () => {
    const { repository } = await serveAll();
    expect(warnings.join()).toMatch(/the store could not be asked/);
    await put('a.onnx', SAME);
    await repository.refresh();
    expect(await answer(repository.use('a'))).toBe(1);
  });

  it('serves on while the store is down, and says so', async () => {
    await put('a/1/model.onnx', SAME);
    const { repository } = await serveAll();
    await rename(models(), join(folder, 'away'));
    await repository.refresh();
    expect(await answer(repository.use('a'))).toBe(1);
    expect(repository.describe('a')!.warning).toMatch(/could not be asked/);
    await rename(join(folder, 'away'), models());
    await repository.refresh();
    expect(repository.describe('a')!.warning).toBeUndefined();
  });
});

describe('the refresh', () => {
  it('looks at the store at its interval', async () => {
    await put('m/1/model.onnx', SAME);
    const { repository, clock } = await serveAll({ refresh: { intervalMs: 1_000 } });
    await put('m/2/model.onnx', TWICE);
    clock.advance(999);
    await passTurns();
    expect(repository.describe('m')!.defaultVersion).toBe('1');
    clock.advance(1);
    await until(() => repository.describe('m')!.defaultVersion === '2');
    expect(await answer(repository.use('m'))).toBe(2);
  });

  it('looks at the times of a cron pattern', async () => {
    await put('m/1/model.onnx', SAME);
    const { repository, clock } = await serveAll({ refresh: { cron: '*/5 * * * *', timezone: 'UTC' } });
    await put('m/2/model.onnx', TWICE);
    // The manual clock begins at 22:13:20.
    clock.advance(99_000);
    await passTurns();
    expect(repository.describe('m')!.defaultVersion).toBe('1');
    clock.advance(1_000);
    await until(() => repository.describe('m')!.defaultVersion === '2');
  });

  it.each([[{ intervalMs: 0 }], [{ intervalMs: 1.5 }], [{ cron: 'now and then' }]])('refuses %j', async (refresh) => {
    const boot = (async () => serveAll({ refresh }))();
    await expect(boot).rejects.toMatchObject({ code: 'INF_ERR_OPTIONS' });
  });

  it('looks a moment after the store says that something changed', async () => {
    await put('m/1/model.onnx', SAME);
    let hint!: () => void;
    const bare = new LocalStore(models());
    const store: Store = Object.assign(Object.create(bare) as Store, {
      watch: (changed: () => void) => ((hint = changed), { close: () => undefined }),
    });
    const { repository, clock } = await serveAll({ store, refresh: { watch: true } });
    await put('m/2/model.onnx', TWICE);
    hint();
    hint();
    clock.advance(100);
    await until(() => repository.describe('m')!.defaultVersion === '2');
  });

  it('one model that hangs at its load holds up no other', async () => {
    await put('hangs/1/model.onnx', SAME);
    const bare = new LocalStore(models());
    let let_go!: () => void;
    const held = new Promise<void>((resolve) => (let_go = resolve));
    const store: Store = Object.assign(Object.create(bare) as Store, {
      stat: async (path: string) => {
        if (path.startsWith('hangs/2')) await held;
        return bare.stat(path);
      },
    });
    const { repository } = await serveAll({ store, concurrentLoads: 2 });
    await put('hangs/2/model.onnx', TWICE);
    const refreshing = repository.refresh();
    await until(() => repository.describe('hangs')!.versions.some(({ state }) => state === 'LOADING'));
    await put('other/1/model.onnx', TWICE);
    const again = repository.refresh();
    await until(() => repository.served('other') !== undefined);
    expect(await answer(repository.use('hangs'))).toBe(1);
    let_go();
    await Promise.all([refreshing, again]);
    expect(await answer(repository.use('hangs'))).toBe(2);
  });
});

describe('what was set while running', () => {
  const stateFile = (): string => join(folder, 'state/witan.json');

  it('survives a restart: aliases and rollbacks', async () => {
    await put('m/1/model.onnx', SAME);
    await put('m/2/model.onnx', TWICE);
    await put('n/1/model.onnx', SAME);
    const first = await serveAll({ stateFile: stateFile() });
    await first.repository.setAlias('n', 'champion', '1');
    expect(await first.repository.rollback('m')).toBe('1');
    await first.repository.close();
    const { repository } = await serveAll({ stateFile: stateFile() });
    expect(repository.describe('m')).toMatchObject({ pinned: true, defaultVersion: '1' });
    expect(await answer(repository.use('m'))).toBe(1);
    expect(repository.describe('n')!.aliases).toEqual({ champion: '1' });
    await repository.unpin('m');
    await repository.setAlias('n', 'champion', undefined);
    expect(JSON.parse(await readFile(stateFile(), 'utf8'))).toEqual({ format: 1, models: {} });
  });

  it.each(['{', '[]', '{"format":2,"models":{}}', '{"format":1,"models":{"m":{"aliases":{"a":1},"history":[]}}}'])(
    'a file that holds %s ends the boot',
    async (text) => {
      await mkdir(dirname(stateFile()));
      await writeFile(stateFile(), text);
      const boot = serveAll({ stateFile: stateFile() });
      await expect(boot).rejects.toMatchObject({ code: 'INF_ERR_REPOSITORY_STATE' });
    },
  );

  it('that cannot be kept holds all the same, and the order says so', async () => {
    await put('m/1/model.onnx', SAME);
    const { repository } = await serveAll({ stateFile: stateFile() });
    await mkdir(stateFile(), { recursive: true });
    const order = repository.setAlias('m', 'champion', '1');
    await expect(order).rejects.toMatchObject({ code: 'INF_ERR_REPOSITORY_STATE' });
    expect(repository.describe('m')!.aliases).toEqual({ champion: '1' });
  });
});

describe('a store that could not be asked for one model', () => {
  it('is warned of until it can be asked again', async () => {
    await put('m/1/model.onnx', SAME);
    const store = new LocalStore(models());
    const { repository } = await serveAll({ store });
    const list = store.list.bind(store);
    store.list = (path, signal) => (path === 'm' ? Promise.reject(new Error('no rights')) : list(path, signal));
    await repository.load('m');
    expect(repository.describe('m')!.warning).toBe('the store could not be asked: no rights');
    store.list = list;
    await repository.refresh();
    expect(repository.describe('m')!.warning).toBeUndefined();
  });
});

describe('rollback to files that were overwritten', () => {
  it('works where the store is copied, and says what is wrong where it is not', async () => {
    for (const copyLocal of [true, false]) {
      await put('m/1/model.onnx', SAME);
      const { repository } = await serveAll({ copyLocal });
      await put('m/1/model.onnx', TWICE);
      await repository.refresh();
      expect(await answer(repository.use('m'))).toBe(2);
      const back = repository.rollback('m');
      if (copyLocal) expect(await back).toBe('1');
      else await expect(back).rejects.toMatchObject({ code: 'INF_ERR_ROLLBACK' });
      expect(await answer(repository.use('m'))).toBe(copyLocal ? 1 : 2);
    }
  });

  it('goes on to the version before, of which the files are there', async () => {
    await put('m/1/model.onnx', SAME);
    const { repository } = await serveAll({ copyLocal: false });
    await put('m/2/model.onnx', SAME);
    await repository.refresh();
    await put('m/2/model.onnx', TWICE);
    await repository.refresh();
    expect(await answer(repository.use('m'))).toBe(2);
    expect(await repository.rollback('m')).toBe('1');
    expect(await answer(repository.use('m'))).toBe(1);
    await expect(repository.rollback('m')).rejects.toMatchObject({ code: 'INF_ERR_ROLLBACK' });
  });
});

describe('an order to load', () => {
  const config = (more: object = {}): string =>
    JSON.stringify({ name: 'm', backend: 'onnxruntime', max_batch_size: 4, ...more });

  it('may bring a configuration, which holds until the next order', async () => {
    await put('m/1/model.onnx', SAME);
    const { repository } = await serveAll();
    await repository.load('m', { config: config() });
    expect((await repository.use('m')).gate.options.maxRows).toBe(4);
    await repository.refresh();
    expect((await repository.use('m')).gate.options.maxRows).toBe(4);
    await repository.load('m');
    expect((await repository.use('m')).gate.options.maxRows).toBe(64);
  });

  it('may bring files, in the place of those in the store', async () => {
    await put('m/1/model.onnx', SAME);
    const { repository } = await serveAll();
    const files = new Map([['1/model.onnx', await readFile(fixtureModel(TWICE))]]);
    await repository.load('m', { config: config(), files });
    expect(await answer(repository.use('m'))).toBe(2);
    await repository.refresh();
    expect(await answer(repository.use('m'))).toBe(2);
    await repository.load('m');
    expect(await answer(repository.use('m'))).toBe(1);
  });

  it('may bring a model that the store does not have', async () => {
    await mkdir(models());
    const { repository } = await serveAll();
    const files = new Map([['3/model.onnx', await readFile(fixtureModel(TWICE))]]);
    await repository.load('new', { config: config({ name: 'new' }), files });
    expect(await answer(repository.use('new', '3'))).toBe(2);
    await repository.refresh();
    expect(await answer(repository.use('new'))).toBe(2);
  });

  it.each(['../m/model.onnx', '/etc/model.onnx', '1/../../model.onnx', '1\\model.onnx', '', '1/\0'])(
    'is refused with a file called %j',
    async (path) => {
      await put('m/1/model.onnx', SAME);
      const { repository } = await serveAll();
      const order = repository.load('m', { config: config(), files: new Map([[path, new Uint8Array(1)]]) });
      await expect(order).rejects.toMatchObject({ code: 'INF_ERR_LOAD_OVERRIDE' });
      expect(await answer(repository.use('m'))).toBe(1);
    },
  );

  it('is refused for a name that leaves the store, for files without a configuration, and for no model', async () => {
    await put('m/1/model.onnx', SAME);
    const { repository } = await serveAll();
    const files = new Map([['1/model.onnx', new Uint8Array([1, 2, 3])]]);
    const refused = { code: 'INF_ERR_LOAD_OVERRIDE' };
    await expect(repository.load('../x', { config: '{}', files })).rejects.toMatchObject(refused);
    await expect(repository.load('m', { files })).rejects.toMatchObject(refused);
    await expect(repository.load('m', { config: config(), files: new Map() })).rejects.toMatchObject(refused);
    await expect(repository.load('nobody')).rejects.toMatchObject({ code: 'INF_ERR_MODEL_NOT_FOUND' });
  });

  it('that brings a broken file leaves what was there serving', async () => {
    await put('m/1/model.onnx', SAME);
    const { repository } = await serveAll();
    const files = new Map([['1/model.onnx', new Uint8Array([1, 2, 3])]]);
    const broken = { code: 'INF_ERR_MODEL_LOAD' };
    await expect(repository.load('m', { config: config(), files })).rejects.toMatchObject(broken);
    expect(await answer(repository.use('m'))).toBe(1);
    await expect(repository.load('n', { config: '{}', files })).rejects.toMatchObject(broken);
    expect(repository.describe('n')).toBeUndefined();
    await put('m/2/model.onnx', TWICE);
    await repository.refresh();
    expect(await answer(repository.use('m'))).toBe(2);
  });
});

async function passTurns(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise(setImmediate);
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(setImmediate);
}
