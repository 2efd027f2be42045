import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Injectable, Module, type Type } from '@nestjs/common';
import { BatchControl, Column, Frame, Handler, Schema, Service, WitanFactory } from '@witan/core';
import { fixtureModel } from '@witan-libs/testing';
import { IsIn } from 'class-validator';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Model } from '../model/model.js';
import { ModelTemplate } from '../repository/model-template.js';
import { InjectModel, UseModel } from './model.decorators.js';
import type { ModelOptions } from './model-options.js';
import { ModelModule } from './model.module.js';
import { ModelRegistry } from './model-registry.js';

@Schema()
class Point {
  @Column('f32') a!: number;
  @Column('f32') b!: number;
  @Column('f32') c!: number;
}

@Schema()
class Answer {
  @Column('f32', { shape: [3] }) y!: Float32Array;
}

class Chosen {
  @IsIn(['red', 'blue', 'green', 'latest']) color!: string;
}

@Service('paint/:color')
class Single {
  @Handler({ in: Point, out: Answer })
  paint(points: Frame<Point>, @UseModel('paint') model: Model) {
    return model.run(points);
  }
}

@Service('paint/:color')
class Batched {
  @Handler({ in: Point, out: Answer, batch: { maxRows: 16, maxDelayMs: 5 } })
  paint(points: Frame<Point>, @UseModel('paint') model: Model) {
    return model.run(points);
  }
}

@Injectable()
class Painter {
  constructor(@InjectModel('paint') readonly paint: ModelTemplate) {}
}

const point = { a: 1, b: 2, c: 3 };
/** y = x */
const SAME = 'identity-f32';
/** y = 2x */
const TWICE = 'variable-width';

describe('a model whose path has parameters', () => {
  let store: string;
  const open: { close(): Promise<unknown> }[] = [];
  beforeEach(async () => {
    store = await mkdtemp(join(tmpdir(), 'witan-template-'));
    await put('colors/red/1/model.onnx', SAME);
    await put('colors/blue.onnx', TWICE);
    await put('colors/green/model.onnx', 'two-inputs');
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((app) => app.close()));
    await rm(store, { recursive: true, force: true });
  });

  async function put(place: string, fixture: string): Promise<void> {
    const path = join(store, place);
    await mkdir(dirname(path), { recursive: true });
    await cp(fixtureModel(fixture), `${path}.new`);
    await rename(`${path}.new`, path);
  }

  async function start(service: Type, more: Partial<ModelOptions> = {}, maxModels = 8) {
    @Module({
      imports: [
        ModelModule.forRoot({ store, runners: { trusted: true }, loaded: { maxModels } }),
        ModelModule.forFeature({ name: 'paint', path: 'colors/:color', ...more }),
      ],
      providers: [service, Painter],
    })
    class App {}
    const app = await WitanFactory.create(App, { logger: false });
    open.push(app);
    await app.init();
    const paint = async (color: string) => {
      const answer = await app.inject({ method: 'POST', url: `/paint/${color}`, payload: [point] });
      const { records, error } = answer.json() as { records?: { y: number[] }[]; error?: { code: string } };
      return records ? records[0]!.y : [answer.statusCode, error!.code];
    };
    return { paint, registry: app.nest.get(ModelRegistry), painter: app.nest.get(Painter), app };
  }

  describe.each([
    ['unbatched', Single],
    ['batched', Batched],
  ])('%s', (_, service) => {
    it('is chosen by each request, and loaded when it is first wanted', async () => {
      const { paint, registry } = await start(service);
      expect(registry.describeAll()).toEqual([]);
      const answers = await Promise.all(['red', 'blue', 'red', 'blue'].map(paint));
      expect(answers).toEqual([
        [1, 2, 3],
        [2, 4, 6],
        [1, 2, 3],
        [2, 4, 6],
      ]);
      const seen = registry.describeAll().map(({ name, versions }) => [name, versions[0]!.state]);
      expect(seen.sort()).toEqual([
        ['paint:colors/blue', 'READY'],
        ['paint:colors/red', 'READY'],
      ]);
    });

    it('is not found where there is none, without harm to the others', async () => {
      const { paint } = await start(service);
      expect(await Promise.all(['pink', 'red', 'pink'].map(paint))).toEqual([
        [404, 'INF_ERR_MODEL_NOT_FOUND'],
        [1, 2, 3],
        [404, 'INF_ERR_MODEL_NOT_FOUND'],
      ]);
    });

    it('is unavailable where it is broken or does not fit the handler, without harm to the others', async () => {
      await writeFile(join(store, 'colors/bad.onnx'), 'no model');
      const { paint } = await start(service);
      expect(await Promise.all(['bad', 'blue', 'green'].map(paint))).toEqual([
        [503, 'INF_ERR_MODEL_UNAVAILABLE'],
        [2, 4, 6],
        [503, 'INF_ERR_MODEL_UNAVAILABLE'],
      ]);
    });

    it.each(['..%2f..%2fetc', '.hidden', 'a%252fb', 'a%5cb', 'a%00b'])(
      'refuses %j before it looks for anything',
      async (color) => {
        const { paint } = await start(service);
        expect(await paint(color)).toEqual([422, 'INF_ERR_MODEL_PARAM']);
      },
    );

    it('is validated by its class first', async () => {
      const { paint } = await start(service, { spec: Chosen });
      expect(await Promise.all(['red', 'pink'].map(paint))).toEqual([
        [1, 2, 3],
        [422, 'INF_ERR_MODEL_PARAM'],
      ]);
    });

    it('takes latest for what the store says that it is, and follows it', async () => {
      await writeFile(join(store, 'colors/latest'), 'red\n');
      const { paint, registry } = await start(service);
      expect(await paint('latest')).toEqual([1, 2, 3]);
      await writeFile(join(store, 'colors/latest'), 'blue\n');
      await registry.refresh();
      expect(await paint('latest')).toEqual([2, 4, 6]);
    });

    it('follows new versions, and what comes later is found', async () => {
      const { paint, registry } = await start(service);
      expect(await Promise.all(['red', 'pink'].map(paint))).toEqual([
        [1, 2, 3],
        [404, 'INF_ERR_MODEL_NOT_FOUND'],
      ]);
      await put('colors/red/2/model.onnx', TWICE);
      await put('colors/pink.onnx', SAME);
      await registry.refresh();
      expect(await Promise.all(['red', 'pink'].map(paint))).toEqual([
        [2, 4, 6],
        [1, 2, 3],
      ]);
    });
  });

  it('that was let go is looked at when it is wanted again', async () => {
    const { paint, registry } = await start(Single, {}, 1);
    expect([await paint('red'), await paint('blue')]).toEqual([
      [1, 2, 3],
      [2, 4, 6],
    ]);
    await put('colors/red/2/model.onnx', TWICE);
    await registry.refresh();
    expect(registry.list().map(({ name }) => name)).toEqual(['paint:colors/blue']);
    expect(await paint('red')).toEqual([2, 4, 6]);
    await rm(join(store, 'colors/blue.onnx'));
    await registry.refresh();
    expect(await paint('blue')).toEqual([404, 'INF_ERR_MODEL_NOT_FOUND']);
  });

  it('may be loaded ahead', async () => {
    const { registry } = await start(Single, { prefetch: [{ color: 'red' }, { color: 'pink' }] });
    expect(registry.list().map(({ name }) => name)).toEqual(['paint:colors/red']);
  });

  it('is injected as what gives the model of some parameters', async () => {
    const { painter } = await start(Single);
    expect(painter.paint.params).toEqual(['color']);
    const model = await painter.paint.model({ color: 'blue' });
    const x = Frame.fromColumns({ a: Float32Array.of(1), b: Float32Array.of(2), c: Float32Array.of(3) });
    expect((await model.run(x)).column('y').get(0)).toEqual(Float32Array.of(2, 4, 6));
    await expect(painter.paint.model({})).rejects.toMatchObject({ code: 'INF_ERR_MODEL_PARAM' });
    await expect(painter.paint.model({ color: 'pink' })).rejects.toMatchObject({ code: 'INF_ERR_MODEL_NOT_FOUND' });
  });

  it('keeps different models out of each other’s batches', async () => {
    const { paint, app } = await start(Batched);
    await Promise.all(['red', 'blue'].map(paint));
    const control = app.nest.get(BatchControl);
    const before = control.stats('Batched.paint').batches;
    await Promise.all(['red', 'blue', 'red', 'blue', 'red'].map(paint));
    expect(control.stats('Batched.paint').batches - before).toBe(2);
  });
});
