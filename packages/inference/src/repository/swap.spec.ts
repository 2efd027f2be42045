import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { BatchControl, systemClock, WitanError } from '@witan/core';
import { Frame } from '@witan/core/frame';
import { fixtureModel, ManualClock, ModelShelf } from '@witan-libs/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ModelLoadEvent } from '../module/model-load-channel.js';
import type { ModelModuleOptions, ModelOptions } from '../module/model-options.js';
import { RunnerFactory } from '../runner/runner-factory.js';
import { LocalStore } from '../store/local/local-store.js';
import type { Store, StoreFile } from '../store/store.js';
import { storeError } from '../store/store.errors.js';
import type { ModelConfig } from './model-config.js';
import { ModelRepository } from './model-repository.js';
import { SILENT } from './repository-log.js';

const row = Frame.fromColumns({ a: Float32Array.of(1), b: Float32Array.of(2), c: Float32Array.of(3) });
/** y = x */
const SAME = 'identity-f32';
/** y = 2x */
const TWICE = 'variable-width';
const NO_CONFIG: ModelConfig = { ignored: [] };

const open: { close(): Promise<void> }[] = [];
afterEach(() => Promise.all(open.splice(0).map((each) => each.close())));

interface Started {
  readonly repository: ModelRepository;
  readonly gates: BatchControl;
}

function start(options: ModelModuleOptions = {}, isRealTime = false): Started {
  const clock = isRealTime ? systemClock : new ManualClock({ turns: 'event-loop' });
  const runners = new RunnerFactory({ trusted: true, sharedWorkers: 1, ...options.runners }, { clock });
  const gates = new BatchControl();
  const repository = new ModelRepository({ options, runners, clock, gates, log: SILENT });
  open.push(repository);
  return { repository, gates };
}

const shelf = (name = 'm'): ModelShelf<ModelConfig> => new ModelShelf(name, NO_CONFIG);
const first = (frame: Frame): number => (frame.column('y').get(0) as Float32Array)[0]!;

async function heard(during: () => Promise<unknown>): Promise<ModelLoadEvent[]> {
  const seen: ModelLoadEvent[] = [];
  const listen = (event: unknown): void => void seen.push(event as ModelLoadEvent);
  subscribe('witan.model.load', listen);
  try {
    await during();
  } finally {
    unsubscribe('witan.model.load', listen);
  }
  return seen;
}

describe('a run that is under way in a worker when its version is replaced', () => {
  const x = Frame.fromColumns({ x: Float32Array.of(5) });
  const slow: ModelOptions = { name: 'm', execution: 'worker', batch: { coalesce: 'off' } };

  it('ends on the version that it began on, as does what waits there; the next goes to the new one', async () => {
    const { repository } = start({}, true);
    const source = shelf().put('1', 'slow');
    const handle = await repository.add(slow, source);
    const before = Array.from({ length: 3 }, () => handle.run(x));
    source.put('2', 'nan');
    await repository.refresh();
    expect(handle.version).toBe('2');
    const after = handle.run(x);
    expect((await Promise.all(before)).map((frame) => frame.column('y').get(0))).toEqual([5, 5, 5]);
    expect((await after).column('y').get(0)).toBeCloseTo(Math.log(5));
  });

  it('is waited for when the model is unloaded, and the worker of a large model ends', async () => {
    const { repository } = start({}, true);
    const handle = await repository.add({ ...slow, threads: 1 }, shelf().put('1', 'slow'));
    const underWay = [
      handle.run(x),
      handle.runTensors({ x: { dtype: 'f32', dims: [1, 1], data: Float32Array.of(7) } }),
    ];
    await repository.unload('m');
    expect(await Promise.all(underWay)).toHaveLength(2);
    expect(repository.describe('m')!.versions[0]!.state).toBe('UNAVAILABLE');
  });

  it('that passes its time limit fails the model, and an order to load brings it back', async () => {
    const { repository } = start({}, true);
    const handle = await repository.add({ ...slow, threads: 1, runTimeoutMs: 20 }, shelf().put('1', 'slow'));
    await expect(handle.run(x)).rejects.toMatchObject({ category: 'UNAVAILABLE' });
    await expect(handle.run(x)).rejects.toMatchObject({ code: 'INF_ERR_MODEL_FAILED' });
    expect(repository.describe('m')!.versions[0]).toMatchObject({ state: 'UNAVAILABLE', code: 'INF_ERR_MODEL_FAILED' });
    expect(repository.health()).toMatchObject([{ name: 'model:m', ok: false }]);
    await repository.load('m');
    expect(repository.describe('m')!.versions[0]!.state).toBe('READY');
    expect(repository.health()).toEqual([{ name: 'model:m', ok: true }]);
  });
});

describe('a handler’s view of a model', () => {
  const columns = (...names: string[]) =>
    names.map((name) => ({ name, dtype: { kind: 'f32', name: 'f32' }, shape: [] }));

  it('keeps the names of its schema whichever version answers', async () => {
    const { repository } = start();
    const source = shelf().put('1', SAME);
    const handle = await repository.add({ name: 'm', execution: 'inline' }, source);
    const output = { columns: [{ name: 'score', dtype: { kind: 'f32', name: 'f32' }, shape: [3] }] };
    const bound = handle.bindSchemas({
      handler: 'S.predict',
      input: { columns: columns('a', 'b', 'c') } as never,
      output: output as never,
    });
    const score = async () => ((await bound.run(row)).column('score').get(0) as Float32Array)[0];
    expect(await score()).toBe(1);
    source.put('2', TWICE);
    await repository.refresh();
    expect(await score()).toBe(2);
    expect((await handle.run(row)).names).toEqual(['y']);
  });
});

describe('what others see of it', () => {
  it('the gate keeps its name and what was set there; it is there while the model is loaded', async () => {
    const { repository, gates } = start();
    const source = shelf().put('1', SAME);
    await repository.add({ name: 'm', execution: 'inline' }, source);
    gates.configure("model 'm'", { maxRows: 7, maxDelayMs: 0 });
    source.put('2', TWICE);
    await repository.refresh();
    expect(gates.names).toEqual(["model 'm'"]);
    expect(gates.options("model 'm'").maxRows).toBe(7);
    expect((await repository.use('m')).gate.options.maxRows).toBe(7);
    await repository.unload('m');
    expect(gates.names).toEqual([]);
  });

  it('every load, swap, eviction and unload is published', async () => {
    const { repository } = start({ loaded: { maxModels: 1 }, runners: { execution: 'inline' } });
    const source = shelf().put('1', SAME);
    const seen = await heard(async () => {
      await repository.add({ name: 'm', lazy: true }, source);
      await repository.add({ name: 'n', lazy: true }, shelf('n').put('1', 'no-such-file'));
      await repository.use('m');
      source.put('2', TWICE);
      await repository.refresh();
      await (repository.use('n') as Promise<unknown>).catch(() => undefined);
      await repository.use('m');
      await repository.unload('m');
    });
    expect(seen.map(({ kind, name, version, ok }) => [kind, name, version, ok])).toEqual([
      ['load', 'm', '1', true],
      ['load', 'm', '2', true],
      ['swap', 'm', '2', true],
      ['unload', 'm', '1', true],
      ['evict', 'm', '2', true],
      ['load', 'n', '1', false],
      ['load', 'm', '2', true],
      ['unload', 'm', '2', true],
    ]);
    expect(seen[2]).toMatchObject({ previousVersion: '1' });
    expect(seen[5]!.error).toMatchObject({ code: 'INF_ERR_MODEL_NOT_FOUND' });
  });

  it('a change is told by the model’s name', async () => {
    const { repository } = start({ runners: { execution: 'inline' } });
    const source = shelf().put('1', SAME);
    await repository.add({ name: 'm' }, source);
    const names: string[] = [];
    const stop = repository.onChange((name) => names.push(name));
    source.put('2', TWICE);
    await repository.refresh();
    expect(new Set(names)).toEqual(new Set(['m']));
    stop();
    names.length = 0;
    await repository.unload('m');
    expect(names).toEqual([]);
  });
});

describe('a store that is not on this machine', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'witan-remote-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** A store that has to be fetched from, and may be down. */
  class FarStore implements Store {
    isDown = false;
    readonly uri = 'far://models';
    private readonly near = new LocalStore(join(folder, 'models'));

    async list(at: string): Promise<readonly StoreFile[]> {
      this.check();
      return this.near.list(at);
    }

    async stat(path: string): Promise<StoreFile | undefined> {
      this.check();
      return this.near.stat(path);
    }

    async read(file: StoreFile, options?: object): Promise<AsyncIterable<Uint8Array>> {
      this.check();
      return this.near.read(file, options);
    }

    async close(): Promise<void> {}

    private check(): void {
      if (this.isDown) throw storeError('INF_ERR_STORE_UNAVAILABLE', 'far://models does not answer');
    }
  }

  async function put(place: string, fixture: string): Promise<void> {
    const path = join(folder, 'models', place);
    await mkdir(dirname(path), { recursive: true });
    await cp(fixtureModel(fixture), `${path}.new`);
    await rename(`${path}.new`, path);
  }

  async function boot(store: Store): Promise<ModelRepository> {
    const cache = { cacheDir: join(folder, 'cache') };
    const { repository } = start({ store, cache, serve: 'all', runners: { execution: 'inline' } });
    await repository.start();
    return repository;
  }

  it('is served from the cache when it is down at boot, and says so; it is asked again later', async () => {
    const store = new FarStore();
    await put('m/1/model.onnx', SAME);
    await (await boot(store)).close();
    store.isDown = true;
    const repository = await boot(store);
    expect(first(await (await repository.use('m')).run(row))).toBe(1);
    expect(repository.describe('m')!.warning).toMatch(/does not answer since/);
    expect(repository.health()).toMatchObject([{ name: 'model:m', ok: true, detail: /does not answer/ }]);
    store.isDown = false;
    await put('m/2/model.onnx', TWICE);
    await repository.refresh();
    expect(first(await (await repository.use('m')).run(row))).toBe(2);
    expect(repository.describe('m')!.warning).toBeUndefined();
  });

  it('goes back to a version that the store no longer has', async () => {
    const store = new FarStore();
    await put('m/1/model.onnx', SAME);
    const repository = await boot(store);
    await put('m/2/model.onnx', TWICE);
    await repository.refresh();
    await rm(join(folder, 'models/m/1'), { recursive: true });
    await repository.refresh();
    store.isDown = true;
    expect(await repository.rollback('m')).toBe('1');
    expect(first(await (await repository.use('m')).run(row))).toBe(1);
  });

  it('a declared model that it does not have ends the boot with its name', async () => {
    await put('m/1/model.onnx', SAME);
    const { repository } = start({ store: new FarStore(), cache: { cacheDir: join(folder, 'cache') } });
    const error = await repository.declare({ name: 'other' }).catch((thrown: unknown) => thrown);
    expect(WitanError.is(error) && error.code).toBe('INF_ERR_MODEL_NOT_FOUND');
    expect((error as Error).message).toContain("'other' in far://models");
  });
});
