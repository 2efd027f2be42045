import { Frame } from '@witan/core/frame';
import { ManualClock, ModelShelf } from '@witan-libs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import type { ModelModuleOptions, ModelOptions } from '../module/model-options.js';
import { RunnerFactory } from '../runner/runner-factory.js';
import type { ModelConfig } from './model-config.js';
import { ModelRepository } from './model-repository.js';
import { SILENT } from './repository-log.js';

const row = Frame.fromColumns({ a: Float32Array.of(1), b: Float32Array.of(2), c: Float32Array.of(3) });
/** y = x */
const SAME = 'identity-f32';
/** y = 2x */
const TWICE = 'variable-width';

const open: { close(): Promise<void> }[] = [];
afterEach(() => Promise.all(open.splice(0).map((each) => each.close())));

function repositoryOf(options: ModelModuleOptions = {}): { repository: ModelRepository; clock: ManualClock } {
  const clock = new ManualClock({ turns: 'event-loop' });
  const runners = new RunnerFactory({ trusted: true, execution: 'inline', ...options.runners }, { clock });
  const repository = new ModelRepository({ options, runners, clock, log: SILENT });
  open.push(repository);
  return { repository, clock };
}

const NO_CONFIG: ModelConfig = { ignored: [] };
const shelf = (name = 'm', config: ModelConfig = NO_CONFIG): ModelShelf<ModelConfig> => new ModelShelf(name, config);
const lazy = (name = 'm', more: Partial<ModelOptions> = {}): ModelOptions => ({ name, lazy: true, ...more });

/** The first value of the answer: 1 from {@link SAME}, 2 from {@link TWICE}. */
async function answer(model: { run(frame: Frame): Promise<Frame> } | Promise<{ run(frame: Frame): Promise<Frame> }>) {
  const y = await (await model).run(row);
  return (y.column('y').get(0) as Float32Array)[0];
}

const states = (repository: ModelRepository, name = 'm'): string[] =>
  repository.describe(name)!.versions.map(({ version, state }) => `${version} ${state}`);

describe('a new version', () => {
  it('takes over for handles that were given before, and the old one is unloaded', async () => {
    const { repository } = repositoryOf();
    const source = shelf().put('1', SAME);
    const handle = await repository.add({ name: 'm' }, source);
    expect([await answer(handle), handle.version]).toEqual([1, '1']);
    source.put('2', TWICE);
    await repository.refresh();
    expect([await answer(handle), handle.version]).toEqual([2, '2']);
    expect(states(repository)).toEqual(['1 UNAVAILABLE', '2 READY']);
  });

  it('may have the name of the one before: another revision of its files', async () => {
    const { repository } = repositoryOf();
    const source = shelf().put('1', SAME);
    const handle = await repository.add({ name: 'm' }, source);
    source.put('1', TWICE);
    await repository.refresh();
    expect(await answer(handle)).toBe(2);
    expect(states(repository)).toEqual(['1 READY']);
  });

  it('fails no request, however many are under way while it takes over', async () => {
    const { repository } = repositoryOf();
    const source = shelf().put('1', SAME);
    const handle = await repository.add({ name: 'm' }, source);
    let stop = false;
    let answers = 0;
    const callers = Array.from({ length: 8 }, async () => {
      while (!stop) {
        expect([1, 2]).toContain(await answer(handle));
        answers++;
        await new Promise(setImmediate);
      }
    });
    for (let version = 2; version <= 12; version++) {
      source.put(String(version), version % 2 ? SAME : TWICE);
      await repository.refresh();
    }
    stop = true;
    await Promise.all(callers);
    expect(answers).toBeGreaterThan(20);
    expect(states(repository).at(-1)).toBe('12 READY');
  });

  it('that cannot be loaded leaves the old one serving, and says so', async () => {
    const { repository } = repositoryOf();
    const source = shelf().put('1', SAME);
    const handle = await repository.add({ name: 'm' }, source);
    source.put('2', 'no-such-file');
    await repository.refresh();
    expect([await answer(handle), handle.version]).toEqual([1, '1']);
    const { warning, versions } = repository.describe('m')!;
    expect(warning).toMatch(/version 2 is not served: .*no-such-file/);
    expect(versions[1]).toMatchObject({ version: '2', state: 'UNAVAILABLE', code: 'INF_ERR_MODEL_NOT_FOUND' });
    source.put('2', TWICE);
    await repository.refresh();
    expect(await answer(handle)).toBe(2);
    expect(repository.describe('m')!.warning).toBeUndefined();
  });

  it('that breaks the schema of a handler is refused', async () => {
    const { repository } = repositoryOf();
    const source = shelf().put('1', SAME);
    const handle = await repository.add({ name: 'm' }, source);
    const columns = ['a', 'b', 'c'].map((name) => ({ name, dtype: { kind: 'f32', name: 'f32' }, shape: [] }));
    handle.bindSchemas({ handler: 'S.predict', input: { columns } as never });
    source.put('2', 'two-inputs');
    await repository.refresh();
    expect(await answer(handle)).toBe(1);
    expect(repository.describe('m')!.versions[1]).toMatchObject({ code: 'INF_ERR_MODEL_SIGNATURE' });
    expect(repository.describe('m')!.warning).toMatch(/S\.predict/);
    await expect(repository.load('m')).rejects.toMatchObject({ code: 'INF_ERR_MODEL_SIGNATURE' });
  });

  it('that is broken at boot leaves the place to the one before it', async () => {
    const { repository } = repositoryOf();
    const handle = await repository.add({ name: 'm' }, shelf().put('1', SAME).put('2', 'no-such-file'));
    expect(handle.version).toBe('1');
    expect(repository.describe('m')!.warning).toMatch(/version 2/);
  });

  it('ends the boot when no version can be loaded', async () => {
    const { repository } = repositoryOf();
    const boot = repository.add({ name: 'm' }, shelf().put('1', 'no-such-file'));
    await expect(boot).rejects.toMatchObject({ code: 'INF_ERR_MODEL_NOT_FOUND' });
  });
});

describe('which versions are served', () => {
  const policies = [
    [{ kind: 'latest', count: 1 }, ['3']],
    [{ kind: 'latest', count: 2 }, ['2', '3']],
    [{ kind: 'all' }, ['1', '2', '3']],
    [{ kind: 'specific', versions: ['1', '7'] }, ['1']],
  ] as const;
  it.each(policies)('%j', async (versionPolicy, ready) => {
    const { repository } = repositoryOf();
    const source = shelf('m', { versionPolicy, ignored: [] }).put('1', SAME).put('2', TWICE).put('3', SAME);
    await repository.add({ name: 'm' }, source);
    expect(states(repository).filter((state) => state.endsWith(' READY'))).toEqual(ready.map((v) => `${v} READY`));
    expect(repository.describe('m')!.defaultVersion).toBe(ready.at(-1));
  });

  it('a request names a version, an alias, or neither', async () => {
    const { repository } = repositoryOf();
    const config: ModelConfig = { versionPolicy: { kind: 'all' }, aliases: { champion: '1' }, ignored: [] };
    await repository.add({ name: 'm' }, shelf('m', config).put('1', SAME).put('2', TWICE));
    expect(await answer(repository.use('m'))).toBe(2);
    expect(await answer(repository.use('m', ''))).toBe(2);
    expect(await answer(repository.use('m', '1'))).toBe(1);
    expect(await answer(repository.use('m', 'champion'))).toBe(1);
    const unknown = { code: 'INF_ERR_VERSION_NOT_FOUND', message: expect.stringContaining('champion (1)') };
    await expect((async () => repository.use('m', '3'))()).rejects.toMatchObject(unknown);
    expect(() => repository.use('n')).toThrow(/no model 'n': there are m/);
  });

  it('a version that the policy leaves out is not found', async () => {
    const { repository } = repositoryOf();
    await repository.add({ name: 'm' }, shelf().put('1', SAME).put('2', TWICE));
    const why = { code: 'INF_ERR_VERSION_NOT_FOUND', message: expect.stringContaining('the latest 1 are served') };
    await expect((async () => repository.use('m', '1'))()).rejects.toMatchObject(why);
  });

  it('an older version is served beside while something names it', async () => {
    const { repository } = repositoryOf();
    await repository.add({ name: 'm' }, shelf().put('1', SAME).put('2', TWICE));
    await repository.setAlias('m', 'canary', '1');
    expect(await answer(repository.use('m', 'canary'))).toBe(1);
    expect(await answer(repository.use('m'))).toBe(2);
    await repository.setAlias('m', 'canary', undefined);
    expect(states(repository)).toEqual(['1 UNAVAILABLE', '2 READY']);
  });

  it('the default follows the configuration, by alias too', async () => {
    const { repository } = repositoryOf();
    const config: ModelConfig = { defaultVersion: 'champion', aliases: { champion: '1' }, ignored: [] };
    const handle = await repository.add({ name: 'm' }, shelf('m', config).put('1', SAME).put('2', TWICE));
    expect(await answer(handle)).toBe(1);
    await repository.setAlias('m', 'champion', '2');
    expect(await answer(handle)).toBe(2);
  });

  it.each(['2', '', '-x', 'a b', 'x'.repeat(65)])('no alias can be called %j', async (alias) => {
    const { repository } = repositoryOf();
    await repository.add({ name: 'm' }, shelf().put('2', SAME));
    await expect(repository.setAlias('m', alias, '2')).rejects.toMatchObject({ code: 'INF_ERR_ALIAS' });
  });

  it('an alias stays where it was when its new version cannot be loaded', async () => {
    const { repository } = repositoryOf();
    const config: ModelConfig = { versionPolicy: { kind: 'specific', versions: ['1'] }, ignored: [] };
    const source = shelf('m', config).put('1', SAME).put('2', 'no-such-file');
    await repository.add({ name: 'm' }, source);
    await repository.setAlias('m', 'canary', '1');
    await expect(repository.setAlias('m', 'canary', '2')).rejects.toMatchObject({ code: 'INF_ERR_MODEL_NOT_FOUND' });
    await expect(repository.setAlias('m', 'canary', '9')).rejects.toMatchObject({ code: 'INF_ERR_VERSION_NOT_FOUND' });
    expect(repository.describe('m')!.aliases).toEqual({ canary: '1' });
  });
});

describe('a version that is gone from the store', () => {
  it('answers those who call it by an alias, until that is moved', async () => {
    const { repository } = repositoryOf();
    const source = shelf().put('1', SAME).put('2', TWICE);
    await repository.add({ name: 'm', versions: { kind: 'all' } }, source);
    await repository.setAlias('m', 'champion', '1');
    source.remove('1');
    await repository.refresh();
    expect(await answer(repository.use('m', 'champion'))).toBe(1);
    expect(repository.describe('m')!.warning).toBe('version 1, which is called champion, is gone from the store');
    await repository.setAlias('m', 'champion', '2');
    expect(states(repository)).toEqual(['2 READY']);
    expect(repository.describe('m')!.warning).toBeUndefined();
  });

  it('is replaced by what is left', async () => {
    const { repository } = repositoryOf();
    const source = shelf().put('1', SAME).put('2', TWICE);
    const handle = await repository.add({ name: 'm' }, source);
    source.remove('2');
    await repository.refresh();
    expect(await answer(handle)).toBe(1);
    expect(states(repository)).toEqual(['1 READY']);
  });

  it('serves on while nothing can take its place', async () => {
    const { repository } = repositoryOf();
    const source = shelf().put('1', 'no-such-file').put('2', TWICE);
    const handle = await repository.add({ name: 'm' }, source);
    source.remove('2');
    await repository.refresh();
    expect(await answer(handle)).toBe(2);
    expect(repository.describe('m')!.warning).toMatch(/version 1 is not served/);
    source.clear();
    await repository.refresh();
    expect(await answer(handle)).toBe(2);
    expect(repository.describe('m')!.warning).toMatch(/gone from the store/);
  });

  it('serves on while the store does not answer', async () => {
    const { repository } = repositoryOf();
    const source = shelf().put('1', SAME);
    const handle = await repository.add({ name: 'm' }, source);
    source.listError = new Error('connection refused');
    await repository.refresh();
    expect(await answer(handle)).toBe(1);
    expect(repository.describe('m')!.warning).toMatch(/connection refused/);
    source.listError = undefined;
    await repository.refresh();
    expect(repository.describe('m')!.warning).toBeUndefined();
  });
});

describe('rollback', () => {
  it('goes back to the version before, loaded again, and stays there until it is unpinned', async () => {
    const { repository } = repositoryOf();
    const source = shelf().put('1', SAME);
    const handle = await repository.add({ name: 'm' }, source);
    source.put('2', TWICE);
    await repository.refresh();
    expect(await repository.rollback('m')).toBe('1');
    expect(await answer(handle)).toBe(1);
    expect(repository.describe('m')).toMatchObject({ pinned: true, defaultVersion: '1' });
    source.put('3', TWICE);
    await repository.refresh();
    expect(handle.version).toBe('1');
    await repository.unpin('m');
    expect(handle.version).toBe('3');
    expect(repository.describe('m')!.pinned).toBe(false);
  });

  it('goes back to an older revision of the same version', async () => {
    const { repository } = repositoryOf();
    const source = shelf().put('1', SAME);
    const handle = await repository.add({ name: 'm' }, source);
    source.put('1', TWICE);
    await repository.refresh();
    expect(await answer(handle)).toBe(2);
    expect(await repository.rollback('m')).toBe('1');
    expect(await answer(handle)).toBe(1);
    await repository.refresh();
    expect(await answer(handle)).toBe(1);
    await repository.unpin('m');
    expect(await answer(handle)).toBe(2);
  });

  it('after a restart goes to the next older version of the store', async () => {
    const { repository } = repositoryOf();
    const handle = await repository.add({ name: 'm' }, shelf().put('1', SAME).put('2', TWICE));
    expect(await repository.rollback('m')).toBe('1');
    expect(await answer(handle)).toBe(1);
  });

  it('is refused when there is nothing before, or it cannot be loaded', async () => {
    const { repository } = repositoryOf();
    const source = shelf().put('1', SAME);
    const handle = await repository.add({ name: 'm' }, source);
    await expect(repository.rollback('m')).rejects.toMatchObject({ code: 'INF_ERR_ROLLBACK' });
    source.put('2', TWICE);
    await repository.refresh();
    source.breakFetch('1', new Error('overwritten'));
    await expect(repository.rollback('m')).rejects.toMatchObject({
      code: 'INF_ERR_ROLLBACK',
      message: expect.stringContaining('overwritten'),
    });
    expect(await answer(handle)).toBe(2);
    expect(repository.describe('m')!.pinned).toBe(false);
  });
});

describe('load and unload', () => {
  it('that was let go while it waited for its turn is not fetched', async () => {
    const { repository } = repositoryOf({ concurrentLoads: 1 });
    let goOn!: () => void;
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    const slow = shelf('slow').put('1', SAME);
    const fetch = slow.fetch.bind(slow);
    slow.fetch = (version) => gate.then(() => fetch(version));
    const waits = shelf().put('1', SAME);
    const [first, second] = [await repository.add(lazy('slow'), slow), await repository.add(lazy(), waits)];
    const answered = answer(first);
    const refused = expect(answer(second)).rejects.toMatchObject({ code: 'INF_ERR_MODEL_UNAVAILABLE' });
    await repository.unload('m');
    goOn();
    expect(await answered).toBe(1);
    await refused;
    expect(waits.fetches).toBe(0);
  });

  it('a lazy model is loaded by its first use, once, however many ask', async () => {
    const { repository } = repositoryOf();
    const source = shelf().put('1', SAME);
    const handle = await repository.add(lazy(), source);
    expect(states(repository)).toEqual(['1 UNAVAILABLE']);
    expect(repository.describe('m')!.versions[0]!.lazy).toBe(true);
    const asked = [answer(handle), answer(handle), answer(repository.use('m')), answer(repository.use('m', '1'))];
    expect(await Promise.all(asked)).toEqual([1, 1, 1, 1]);
    expect(source.fetches).toBe(1);
    expect(repository.use('m')).not.toBeInstanceOf(Promise);
  });

  it('a failed load is not tried at every request, and tells when to come back', async () => {
    const { repository, clock } = repositoryOf();
    const source = shelf().put('1', SAME);
    source.breakFetch('1', new Error('connection refused'));
    const handle = await repository.add(lazy(), source);
    const failure = { code: 'INF_ERR_MODEL_UNAVAILABLE', retryAfterMs: 1000 };
    await expect(handle.run(row)).rejects.toMatchObject(failure);
    await expect(handle.run(row)).rejects.toMatchObject({ message: expect.stringContaining('connection refused') });
    expect(source.fetches).toBe(1);
    clock.advance(1000);
    await expect(handle.run(row)).rejects.toMatchObject({ retryAfterMs: 2000 });
    expect(source.fetches).toBe(2);
    clock.advance(2000);
    source.breakFetch('1', undefined);
    expect(await answer(handle)).toBe(1);
  });

  it('an order to load tries at once whatever failed before', async () => {
    const { repository } = repositoryOf();
    const source = shelf().put('1', SAME);
    source.breakFetch('1', new Error('no'));
    const handle = await repository.add(lazy(), source);
    await expect(repository.load('m')).rejects.toThrow('no');
    source.breakFetch('1', undefined);
    await repository.load('m');
    expect(await answer(handle)).toBe(1);
  });

  it('unloading answers what is under way, then refuses until it is loaded again', async () => {
    const { repository } = repositoryOf();
    const handle = await repository.add({ name: 'm' }, shelf().put('1', SAME));
    const underWay = [handle.run(row), handle.run(row)];
    const unloading = repository.unload('m');
    const after = answer(handle);
    await expect(after).rejects.toMatchObject({ code: 'INF_ERR_MODEL_UNAVAILABLE', category: 'UNAVAILABLE' });
    expect((await Promise.all(underWay)).map(({ rows }) => rows)).toEqual([1, 1]);
    await unloading;
    expect(states(repository)).toEqual(['1 UNAVAILABLE']);
    await repository.refresh();
    expect(states(repository)).toEqual(['1 UNAVAILABLE']);
    await repository.load('m');
    expect(await answer(handle)).toBe(1);
  });

  it('unloading one version leaves the others', async () => {
    const { repository } = repositoryOf();
    const config: ModelConfig = { versionPolicy: { kind: 'all' }, ignored: [] };
    const handle = await repository.add({ name: 'm' }, shelf('m', config).put('1', SAME).put('2', TWICE));
    await repository.unload('m', '2');
    expect(await answer(handle)).toBe(1);
    await expect((async () => repository.use('m', '2'))()).rejects.toMatchObject({ code: 'INF_ERR_MODEL_UNAVAILABLE' });
    await repository.load('m', { version: '2' });
    expect(await answer(handle)).toBe(2);
  });

  it('an order to load one version brings one that the policy leaves out', async () => {
    const { repository } = repositoryOf();
    await repository.add({ name: 'm' }, shelf().put('1', SAME).put('2', TWICE));
    await repository.load('m', { version: '1' });
    expect(await answer(repository.use('m', '1'))).toBe(1);
    expect(await answer(repository.use('m'))).toBe(2);
    await expect(repository.load('m', { version: '9' })).rejects.toMatchObject({ code: 'INF_ERR_VERSION_NOT_FOUND' });
  });

  it('unloading during a load wins: what was loaded is let go', async () => {
    const { repository } = repositoryOf();
    const source = shelf().put('1', SAME);
    let go!: () => void;
    source.hold = new Promise<void>((resolve) => (go = resolve));
    const handle = await repository.add(lazy(), source);
    const asked = answer(handle);
    asked.catch(() => undefined);
    await new Promise(setImmediate);
    expect(states(repository)).toEqual(['1 LOADING']);
    await repository.unload('m');
    go();
    await expect(asked).rejects.toMatchObject({ code: 'INF_ERR_MODEL_UNAVAILABLE' });
    expect(states(repository)).toEqual(['1 UNAVAILABLE']);
  });

  it('closing during a load lets go what comes of it', async () => {
    const { repository } = repositoryOf();
    const source = shelf().put('1', SAME);
    let go!: () => void;
    source.hold = new Promise<void>((resolve) => (go = resolve));
    const handle = await repository.add(lazy(), source);
    const asked = answer(handle);
    asked.catch(() => undefined);
    await new Promise(setImmediate);
    const closing = repository.close();
    go();
    await closing;
    await expect(asked).rejects.toMatchObject({ category: 'UNAVAILABLE' });
    await expect(handle.run(row)).rejects.toMatchObject({ category: 'UNAVAILABLE' });
  });

  it('two refreshes at once load a new version once', async () => {
    const { repository } = repositoryOf();
    const source = shelf().put('1', SAME);
    const handle = await repository.add({ name: 'm' }, source);
    source.put('2', TWICE);
    await Promise.all([repository.refresh(), repository.refresh()]);
    expect(source.fetches).toBe(2);
    expect(handle.version).toBe('2');
  });

  it('one model that cannot be loaded touches no other', async () => {
    const { repository } = repositoryOf();
    const broken = shelf('broken').put('1', 'no-such-file');
    const bad = await repository.add(lazy('broken'), broken);
    const good = await repository.add(lazy('good'), shelf('good').put('1', SAME));
    const [first, second] = await Promise.allSettled([bad.run(row), answer(good)]);
    expect(first).toMatchObject({ status: 'rejected', reason: { code: 'INF_ERR_MODEL_UNAVAILABLE' } });
    expect(second).toEqual({ status: 'fulfilled', value: 1 });
  });
});

describe('room', () => {
  it('is made by the model that was not used for longest', async () => {
    const { repository } = repositoryOf({ loaded: { maxModels: 2 } });
    const names = ['a', 'b', 'c'];
    for (const name of names) await repository.add(lazy(name), shelf(name).put('1', SAME));
    const loaded = (): string[] => names.filter((name) => repository.served(name));
    await repository.use('a');
    await repository.use('b');
    await repository.use('a');
    await repository.use('c');
    expect(loaded()).toEqual(['a', 'c']);
    expect(repository.describe('b')!.versions[0]).toMatchObject({ reason: expect.stringContaining('evicted') });
    expect(await answer(repository.use('b'))).toBe(1);
    expect(loaded()).toEqual(['b', 'c']);
  });

  it('is counted in bytes too', async () => {
    const { repository } = repositoryOf({ loaded: { maxBytes: 2500 } });
    const names = ['a', 'b', 'c'];
    for (const name of names) await repository.add(lazy(name), shelf(name).put('1', SAME, 1000));
    for (const name of names) await repository.use(name);
    expect(names.filter((name) => repository.served(name))).toEqual(['b', 'c']);
  });

  it('is made while the process has more memory than it may', async () => {
    const { repository } = repositoryOf({ loaded: { maxRssBytes: 1 } });
    const names = ['a', 'b', 'c'];
    for (const name of names) await repository.add(lazy(name), shelf(name).put('1', SAME));
    for (const name of names) await repository.use(name);
    await repository.refresh();
    expect(names.filter((name) => repository.served(name))).toEqual(['c']);
    expect(await answer(repository.use('a'))).toBe(1);
  });

  it.each([[{ loaded: { maxModels: 0 } }], [{ loaded: { maxBytes: 1.5 } }], [{ concurrentLoads: 0 }]])(
    'refuses %j',
    (options) => expect(() => repositoryOf(options)).toThrow(expect.objectContaining({ code: 'INF_ERR_OPTIONS' })),
  );

  it('is never made by models that are declared or pinned: then the request is refused with a hint', async () => {
    const { repository } = repositoryOf({ loaded: { maxModels: 2 } });
    await repository.add({ name: 'a' }, shelf('a').put('1', SAME));
    await repository.add(lazy('b', { pin: true }), shelf('b').put('1', SAME));
    await repository.add(lazy('c'), shelf('c').put('1', SAME));
    await repository.use('b');
    await expect((async () => repository.use('c'))()).rejects.toMatchObject({
      code: 'INF_ERR_MODEL_UNAVAILABLE',
      message: expect.stringContaining('at most 2 models'),
      retryAfterMs: expect.any(Number) as number,
    });
  });
});
