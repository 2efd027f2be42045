import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type DynamicModule, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { BatchControl, HEALTH_REPORT, STARTUP_REPORT, WitanModule } from '@witan/core';
import { Frame } from '@witan/core/frame';
import { fixtureModel } from '@witan-libs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { Model } from '../model/model.js';
import { InjectModel } from './model.decorators.js';
import { ModelModule } from './model.module.js';
import type { ModelLoadEvent } from './model-load-channel.js';
import { ModelRegistry } from './model-registry.js';
import { getModelToken } from './model.tokens.js';

const store = dirname(fixtureModel('iris'));
const iris = { name: 'iris', trusted: true } as const;

@Injectable()
class Predictor {
  constructor(@InjectModel('iris') readonly model: Model) {}
}

describe('ModelModule', () => {
  const open: { close(): Promise<void> }[] = [];
  const start = async (...imports: (DynamicModule | Promise<DynamicModule>)[]) => {
    @Module({ imports, providers: [Predictor] })
    class App {}
    const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
    open.push(app);
    return app;
  };
  afterEach(() => Promise.all(open.splice(0).map((app) => app.close())));
  const row = Frame.fromColumns({ a: Float32Array.of(3), b: Float32Array.of(4), c: Float32Array.of(1) });

  it('injects a model that is loaded and warm', async () => {
    const app = await start(ModelModule.forRoot({ store }), ModelModule.forFeature(iris));
    const { model } = app.get(Predictor);
    expect(model).toBeInstanceOf(Model);
    expect((await model.run(row)).names).toEqual(['sepal_length']);
    expect(app.get(getModelToken('iris'))).toBe(model);
  });

  it('takes its options from a factory', async () => {
    const options = ModelModule.forRootAsync({
      useFactory: () => Promise.resolve({ store: pathToFileURL(`${store}/`) }),
    });
    const app = await start(options, ModelModule.forFeature(iris));
    expect(app.get(ModelRegistry).get('iris').name).toBe('iris');
  });

  it('finds name.onnx, the file itself, and model.onnx in a folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'witan-store-'));
    await mkdir(join(folder, 'deep/iris'), { recursive: true });
    await cp(fixtureModel('iris'), join(folder, 'deep/iris/model.onnx'));
    const models = [
      iris,
      { name: 'b', path: join(store, 'iris.onnx'), trusted: true },
      { name: 'c', path: join(store, 'iris'), trusted: true },
    ];
    const app = await start(
      ModelModule.forRoot({ store: folder }),
      ModelModule.forFeature({ ...models[0]!, path: 'deep/iris' }, models[1]!, models[2]!),
    );
    const paths = app
      .get(ModelRegistry)
      .list()
      .map((info) => info.path);
    expect(paths.toSorted()).toEqual(
      [join(folder, 'deep/iris/model.onnx'), join(store, 'iris.onnx'), join(store, 'iris.onnx')].toSorted(),
    );
    await rm(folder, { recursive: true });
  });

  it("offers the models' gates to BatchControl, but for what follows from file and runners", async () => {
    const app = await start(WitanModule.forRoot(), ModelModule.forRoot({ store }), ModelModule.forFeature(iris));
    const control = app.get(BatchControl);
    expect(control.names).toEqual(["model 'iris'"]);
    control.configure("model 'iris'", { maxRows: 8, maxDelayMs: 0 });
    expect(app.get(ModelRegistry).list()[0]!.batch.maxRows).toBe(8);
    expect(() => control.configure("model 'iris'", { concurrency: 9 })).toThrow(/batch.concurrency of model 'iris'/);
    await app.get(Predictor).model.run(row);
    expect(control.stats("model 'iris'")).toMatchObject({ batches: 1, rows: 1 });
  });

  it('loads once what is declared twice alike', async () => {
    const app = await start(
      ModelModule.forRoot({ store }),
      ModelModule.forFeature(iris),
      ModelModule.forFeature({ ...iris }),
    );
    expect(app.get(ModelRegistry).list()).toHaveLength(1);
  });

  it('refuses one name with different options', async () => {
    const boot = start(
      ModelModule.forRoot({ store }),
      ModelModule.forFeature(iris),
      ModelModule.forFeature({ ...iris, version: '2' }),
    );
    await expect(boot).rejects.toMatchObject({ code: 'INF_ERR_MODEL_CONFLICT' });
  });

  it('refuses a model without a name', async () => {
    const unnamed = ModelModule.forFeature([iris] as never);
    const boot = start(ModelModule.forRoot({ store }), ModelModule.forFeature(iris), unnamed);
    await expect(boot).rejects.toMatchObject({
      code: 'INF_ERR_OPTIONS',
      message: expect.stringContaining('as an argument of its own'),
    });
  });

  it.each(['all', { kind: 'latest', count: 0 }, { kind: 'specific', versions: [1] }, { kind: 'newest' }])(
    'refuses %j as the versions of a model',
    async (versions) => {
      const boot = start(
        ModelModule.forRoot({ store }),
        ModelModule.forFeature({ ...iris, versions: versions as never }),
      );
      await expect(boot).rejects.toMatchObject({
        code: 'INF_ERR_OPTIONS',
        message: expect.stringContaining("versions of model 'iris' is"),
      });
    },
  );

  it('ends the boot with the paths looked at when a model is missing', async () => {
    const boot = start(ModelModule.forRoot({ store }), ModelModule.forFeature({ name: 'iris', path: 'nowhere' }));
    await expect(boot).rejects.toMatchObject({
      code: 'INF_ERR_MODEL_NOT_FOUND',
      message: expect.stringContaining(join(store, 'nowhere.onnx')),
    });
  });

  it('ends the boot when a model is no model', async () => {
    const path = join(store, '../README.md');
    const boot = start(ModelModule.forRoot({ store }), ModelModule.forFeature({ name: 'iris', path }));
    await expect(boot).rejects.toMatchObject({ code: 'INF_ERR_MODEL_LOAD' });
  });

  it('tells the banner and the health check of every model', async () => {
    const app = await start(
      ModelModule.forRoot({ store, batch: { maxRows: 32 } }),
      ModelModule.forFeature({ ...iris, execution: 'inline' }),
    );
    const registry = app.get(ModelRegistry);
    expect(registry[STARTUP_REPORT]()).toEqual({
      title: 'Models',
      lines: ['iris v1: X f32[?, 3] -> sepal_length f32[?, 1] (inline, cpu; batch of 32, delay 0 ms, coalesce auto)'],
    });
    expect(registry[HEALTH_REPORT]()).toEqual([{ name: 'model:iris', ok: true }]);
  });

  it('publishes every load on witan.model.load', async () => {
    const seen: ModelLoadEvent[] = [];
    const listen = (event: unknown): void => void seen.push(event as ModelLoadEvent);
    const watched = { name: 'watched', path: 'iris', trusted: true } as const;
    subscribe('witan.model.load', listen);
    try {
      await start(ModelModule.forRoot({ store }), ModelModule.forFeature(iris, watched));
      await start(ModelModule.forRoot({ store }), ModelModule.forFeature(iris, { ...watched, path: 'nowhere' })).catch(
        () => undefined,
      );
    } finally {
      unsubscribe('witan.model.load', listen);
    }
    expect(seen.filter(({ name }) => name === 'watched')).toMatchObject([
      { kind: 'load', version: '1', ok: true, provider: 'cpu' },
      { kind: 'load', ok: false, error: { code: 'INF_ERR_MODEL_NOT_FOUND' } },
    ]);
  });

  it('releases models at the very end, after the last request', async () => {
    const app = await start(ModelModule.forRoot({ store }), ModelModule.forFeature(iris));
    const { model } = app.get(Predictor);
    await app.get(ModelRegistry).get('iris').run(row);
    await app.close();
    await expect(model.run(row)).rejects.toMatchObject({ category: 'UNAVAILABLE' });
  });
});
