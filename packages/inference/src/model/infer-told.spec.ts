import { dirname } from 'node:path';
import {
  batchChannel,
  type BatchEvent,
  Column,
  collectChannel,
  type Context,
  Frame,
  Handler,
  requestChannel,
  type RequestEvent,
  Schema,
  Service,
} from '@witan/core';
import { createTestingApplication, type TestingApplication } from '@witan/core/testing';
import { fixtureModel } from '@witan-libs/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ModelModule } from '../module/model.module.js';
import { ModelRegistry } from '../module/model-registry.js';
import { UseModel } from '../module/model.decorators.js';
import { inferChannel, type InferEvent } from './infer-channel.js';
import { Model } from './model.js';

@Schema()
class Flower {
  @Column('f32') sepalWidth!: number;
  @Column('f32') petalLength!: number;
  @Column('f32') petalWidth!: number;
}
@Schema()
class Length {
  @Column('f32') sepalLength!: number;
}

@Service('batched')
class BatchedService {
  @Handler({ in: Flower, out: Length, batch: true })
  predict(flowers: Frame<Flower>, @UseModel('iris') model: Model) {
    return model.run(flowers);
  }
}

@Service('single')
class SingleService {
  @Handler({ in: Flower, out: Length })
  predict(flowers: Frame<Flower>, _context: Context, @UseModel('iris') model: Model) {
    return model.run(flowers);
  }
}

@Service('tensors')
class TensorService {
  @Handler({ in: Flower, out: Flower })
  async predict(flowers: Frame<Flower>, context: Context, @UseModel('iris', { bind: false }) model: Model) {
    const data = new Float32Array(flowers.rows * 3);
    await model.runTensors({ X: { dtype: 'f32', dims: [flowers.rows, 3], data } }, { context });
    await model.runTensors({ X: { dtype: 'f32', dims: [flowers.rows, 3], data } }, { context });
    return flowers;
  }
}

const runs: InferEvent[] = [];
const batches: BatchEvent[] = [];
const requests: RequestEvent[] = [];
const ran = (event: unknown): void => void runs.push(event as InferEvent);
const formed = (event: unknown): void => void batches.push(event as BatchEvent);
const began = ({ context }: RequestEvent): void => void context.wantPhases();
const ended = (event: RequestEvent): void => void requests.push(event);

let app: TestingApplication;
beforeAll(async () => {
  app = await createTestingApplication({
    imports: [
      ModelModule.forRoot({ store: dirname(fixtureModel('iris')) }),
      ModelModule.forFeature({ name: 'iris', path: 'iris.onnx', trusted: true, nan: 'error' }),
    ],
    providers: [BatchedService, SingleService, TensorService],
  });
});
afterAll(() => app.close());
beforeEach(() => {
  for (const list of [runs, batches, requests]) list.length = 0;
  inferChannel.subscribe(ran);
  batchChannel.subscribe(formed);
  requestChannel.start.subscribe(began as never);
  requestChannel.asyncEnd.subscribe(ended as never);
});
afterEach(() => {
  inferChannel.unsubscribe(ran);
  batchChannel.unsubscribe(formed);
  requestChannel.start.unsubscribe(began as never);
  requestChannel.asyncEnd.unsubscribe(ended as never);
});

const flower = { sepalWidth: 3, petalLength: 4, petalWidth: 1 };
const post = (url: string, payload: object[]) => app.inject({ method: 'POST', url, payload });
const USE = [{ model: 'iris', version: '1' }];

describe('a run of a model', () => {
  it('for a batch tells whose rows it had, and each of them where its time went', async () => {
    await Promise.all([post('/batched', [flower, flower]), post('/batched', [flower])]);
    const contexts = requests.map(({ context }) => context);
    expect(runs.flatMap(({ contexts: known }) => known).sort()).toEqual([...contexts].sort());
    expect(runs.reduce((rows, run) => rows + run.rows, 0)).toBe(3);
    for (const { input, output, error, packMs, inferMs, unpackMs } of runs) {
      expect([input?.columns.size, output?.columns.has('sepalLength'), error]).toEqual([3, true, undefined]);
      for (const ms of [packMs, inferMs, unpackMs]) expect(ms).toBeGreaterThanOrEqual(0);
    }
    for (const { context, input, rows } of requests) {
      expect(context.models).toEqual(USE);
      expect(input!.rows).toBe(rows);
      for (const phase of ['decodeMs', 'queueMs', 'tensorMs', 'inferMs'] as const)
        expect(context.phases![phase], phase).toBeGreaterThanOrEqual(0);
    }
    const own = batches.filter(({ name }) => name === 'BatchedService.predict');
    expect(own.flatMap((batch) => batch.contexts)).toHaveLength(2);
    for (const { waitsMs, waitMs, requests: count } of own) {
      expect(waitsMs).toHaveLength(count);
      expect(Math.max(...waitsMs)).toBe(waitMs);
    }
  });

  it('knows the request also where a handler does not pass its Context on', async () => {
    await post('/single', [flower]);
    expect(requests[0]!.context.models).toEqual(USE);
    expect(runs.map(({ contexts }) => contexts)).toEqual([[requests[0]!.context]]);
    expect(requests[0]!.context.phases!.inferMs).toBeGreaterThanOrEqual(0);
  });

  it('of tensors as they are is told too; two of them are one use, and their times add up', async () => {
    await post('/tensors', [flower]);
    expect(runs).toHaveLength(2);
    expect(runs.map(({ input, output, rows }) => [input, output, rows])).toEqual(
      Array(2).fill([undefined, undefined, 1]),
    );
    const { context } = requests[0]!;
    expect(context.models).toEqual(USE);
    expect(context.phases!.inferMs).toBeCloseTo(runs[0]!.inferMs + runs[1]!.inferMs, 6);
  });

  it('that fails is told with its error', async () => {
    const one = Float32Array.of(1);
    const failing = Frame.fromColumns({ sepalWidth: Float32Array.of(NaN), petalLength: one, petalWidth: one });
    const registry = app.nest.get(ModelRegistry).get('iris');
    await expect(registry.run(failing)).rejects.toThrow();
    expect(runs).toHaveLength(1);
    for (const { error, output } of runs) expect([error instanceof Error, output]).toEqual([true, undefined]);
  });
});

describe('witan.collect', () => {
  it('asks models and gates for what they count', async () => {
    await post('/single', [flower, flower]);
    const seen = new Map<string, number>();
    const event = {
      report: (name: string, value: number, labels: Readonly<Record<string, string>>) =>
        void seen.set(`${name} ${Object.values(labels).join(' ')}`, value),
    };
    collectChannel.publish(event);
    expect(seen.get('witan.model.loaded iris 1 inline') ?? seen.get('witan.model.loaded iris 1 worker')).toBe(1);
    expect(seen.get('witan.model.rows iris 1')).toBeGreaterThanOrEqual(2);
    expect(seen.get('witan.model.size iris 1')).toBeGreaterThan(100);
    expect(seen.get('witan.batch.queue.rows BatchedService.predict')).toBe(0);
    expect(seen.get("witan.batch.busy.time model 'iris'")).toBeGreaterThan(0);
  });
});
