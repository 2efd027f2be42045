import { Injectable } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Frame } from '../frame/frame.js';
import { BatchContext } from '../handler/batch-context.js';
import type { Context } from '../handler/context.js';
import { Handler } from '../handler/handler.decorator.js';
import { handlerParam } from '../handler/handler-param.js';
import { deferred } from '../http/harness.spec.support.js';
import { ServiceRegistry } from '../lifecycle/service-registry.js';
import { Column } from '../schema/column.decorator.js';
import { Schema } from '../schema/schema.decorator.js';
import { createTestingApplication, type TestingApplication } from '../testing/index.js';
import { Service } from './service.decorator.js';

@Schema()
class Point {
  @Column('f64') x!: number;
}

interface Named {
  readonly name: string;
}

/** Chooses a model by a header, or by what the parameters say; some have to be loaded first. */
@Injectable()
class Zoo {
  readonly loading = new Map<string, Promise<void>>();

  nameOf(context: Context<object>): string {
    return context.header('x-model') ?? 'default';
  }

  ofBatch(batch: BatchContext<object>): Named | Promise<Named> {
    const name = (batch.params as { model?: string }).model ?? this.nameOf(batch.requests[0]!.context);
    return name === 'slow' ? Promise.resolve({ name }) : { name };
  }
}

const UseNamed = (): ParameterDecorator =>
  handlerParam({
    token: Zoo,
    keyOf: (zoo, context) => (zoo as Zoo).nameOf(context),
    prepare: (zoo, context) => (zoo as Zoo).loading.get((zoo as Zoo).nameOf(context)),
    select: (zoo, context) => (zoo as Zoo).ofBatch(context as BatchContext<object>),
  });

const UseLater = (): ParameterDecorator =>
  handlerParam({
    token: Zoo,
    select: (_zoo, context) => {
      const name = (context as Context).header('x-model');
      return name === undefined ? { name: 'at once' } : Promise.resolve({ name });
    },
  });

let batches: { model: string; rows: number; headers: (string | undefined)[] }[] = [];
let sync: boolean[] = [];

@Service('batched')
class BatchedService {
  @Handler({ in: Point, out: Point, batch: { maxRows: 64 } })
  run(points: Frame<Point>, batch: BatchContext, @UseNamed() model: Named): Frame<Point> {
    batches.push({
      model: model.name,
      rows: points.rows,
      headers: batch.requests.map(({ context }) => context.header('x-model')),
    });
    return points;
  }
}

@Service('of/:model')
class ByPathService {
  @Handler({ in: Point, out: Point, batch: { maxRows: 64 } })
  run(points: Frame<Point>, _batch: BatchContext, @UseNamed() model: Named): Frame<Point> {
    batches.push({ model: model.name, rows: points.rows, headers: [] });
    return points;
  }
}

@Service('single')
class SingleService {
  @Handler({ in: Point })
  run(points: Frame<Point>, _context: Context, @UseLater() model: Named): object[] {
    sync.push(model.name === 'at once');
    return [{ model: model.name, rows: points.rows }];
  }
}

let app: TestingApplication;
beforeEach(async () => {
  batches = [];
  sync = [];
  app = await createTestingApplication({ providers: [Zoo, BatchedService, ByPathService, SingleService] });
});
afterEach(() => app.close());

async function send(url: string, x: number, model?: string): Promise<unknown> {
  const headers = { 'content-type': 'application/json', ...(model !== undefined && { 'x-model': model }) };
  const answer = await app.inject({ method: 'POST', url, payload: JSON.stringify([{ x }]), headers });
  expect(answer.statusCode).toBe(200);
  return (answer.json() as { records: unknown }).records;
}

describe('a model that each request selects', () => {
  it('never shares a batch with another, however the requests are mixed', async () => {
    const models = ['a', 'b', undefined, 'a', 'slow', 'b', 'a', 'slow'];
    const answers = await Promise.all(models.map((model, x) => send('/batched', x, model)));
    expect(answers).toEqual(models.map((_, x) => [{ x }]));
    for (const { model, headers } of batches)
      expect(new Set(headers)).toEqual(new Set([model === 'default' ? undefined : model]));
    expect(batches.reduce((rows, batch) => rows + batch.rows, 0)).toBe(models.length);
    expect(batches.some(({ rows }) => rows > 1)).toBe(true);
  });

  it('sees the parameters of its batch', async () => {
    await Promise.all([send('/of/iris', 1), send('/of/wine', 2), send('/of/iris', 3)]);
    expect(batches.map(({ model }) => model).sort()).toEqual(expect.arrayContaining(['iris', 'wine']));
  });

  it('is loaded before its rows are queued, and holds up no other meanwhile', async () => {
    const { promise, resolve } = deferred();
    app.nest.get(Zoo).loading.set('cold', promise);
    const cold = send('/batched', 1, 'cold');
    expect(await send('/batched', 2, 'warm')).toEqual([{ x: 2 }]);
    expect(batches.map(({ model }) => model)).toEqual(['warm']);
    resolve();
    expect(await cold).toEqual([{ x: 1 }]);
  });

  it('fails the requests that select it when it cannot be loaded', async () => {
    const opening = deferred();
    const broken = opening.promise.then(() => Promise.reject(new Error('no such file')));
    app.nest.get(Zoo).loading.set('broken', broken);
    broken.catch(() => undefined);
    setImmediate(opening.resolve);
    const answer = await app.inject({
      method: 'POST',
      url: '/batched',
      payload: '[{"x":1}]',
      headers: { 'content-type': 'application/json', 'x-model': 'broken' },
    });
    expect(answer.statusCode).toBe(500);
    expect(await send('/batched', 2)).toEqual([{ x: 2 }]);
  });

  it('is awaited by a handler that is not batched, and costs one that has it at once no wait', async () => {
    expect(await send('/single', 1, 'later')).toEqual([{ model: 'later', rows: 1 }]);
    expect(await send('/single', 1)).toEqual([{ model: 'at once', rows: 1 }]);
    expect(sync).toEqual([false, true]);
    const service = app.nest.get(ServiceRegistry).runtimes.find(({ definition }) => definition.path === 'single')!;
    const context = { params: {}, header: () => undefined } as unknown as Context;
    expect(service.invoke(context, () => Frame.fromRecords([{ x: 1 }]))).toBeInstanceOf(Frame);
  });
});
