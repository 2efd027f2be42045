import { dirname } from 'node:path';
import { Module, type Type } from '@nestjs/common';
import { BatchContext, Column, Context, type Frame, Handler, Schema, Service, WitanFactory } from '@witan/core';
import { fixtureModel } from '@witan-libs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import type { Model } from '../model/model.js';
import { ModelRegistry } from '../module/model-registry.js';
import { UseModel } from '../module/model.decorators.js';
import { ModelModule } from '../module/model.module.js';
import type { Vectorizer } from './vectorizer.js';

@Schema()
class Order {
  @Column('f32', { nullable: true }) amount!: number | null;
  @Column('utf8', { nullable: true }) country!: string | null;
}

@Schema()
class Numbers {
  @Column('f32', { shape: [3] }) y!: Float32Array;
}

@Service('single')
class SingleService {
  @Handler({ in: Order, out: Numbers })
  score(orders: Frame<Order>, context: Context, @UseModel('orders') model: Model) {
    return model.run(orders, { context });
  }
}

@Service('batched')
class BatchedService {
  @Handler({ in: Order, out: Numbers, batch: { maxRows: 64 } })
  score(orders: Frame<Order>, context: BatchContext, @UseModel('orders') model: Model) {
    return model.run(orders, { context });
  }
}

const vectorize = {
  feature_transformations: {
    country: { type: 'one_hot_encoding', categories: ['NL', 'DE'], default_val: [8, 9] },
    amount: { type: 'standardization32', mean: 10, std_dev: 5, default_val: [-1] },
  },
  feature_order: ['country', 'amount'],
};

describe('a model with a vectorization', () => {
  const open: { close(): Promise<unknown> }[] = [];
  afterEach(() => Promise.all(open.splice(0).map((app) => app.close())));

  async function serve(service: Type, more: object = {}) {
    @Module({
      imports: [
        ModelModule.forRoot({ store: dirname(fixtureModel('iris')) }),
        ModelModule.forFeature({ name: 'orders', path: 'identity-f32', trusted: true, vectorize, ...more }),
      ],
      providers: [service],
    })
    class App {}
    const app = await WitanFactory.create(App, { logger: false, abortOnError: false });
    open.push(app);
    await app.init();
    return app;
  }

  it.each([SingleService, BatchedService])(
    'turns features into its input, and tells each caller what it lacked (%o)',
    async (service) => {
      const app = await serve(service);
      const post = (payload: object[], wish?: string) =>
        app.inject({
          method: 'POST',
          url: `/${service === SingleService ? 'single' : 'batched'}`,
          payload,
          ...(wish && { headers: { 'x-witan-defaults': wish } }),
        });
      const answers = await Promise.all([
        post([{ amount: 20, country: 'DE' }, { country: 'NL' }], '1'),
        post([{ amount: 5 }]),
        post([{ amount: 10, country: 'NL' }, { amount: 10, country: 'NL' }, {}], '1'),
      ]);
      expect(answers.map((answer) => answer.json().records)).toEqual([
        [{ y: [0, 1, 2] }, { y: [1, 0, -1] }],
        [{ y: [8, 9, -1] }],
        [{ y: [1, 0, 0] }, { y: [1, 0, 0] }, { y: [8, 9, -1] }],
      ]);
      expect(answers.map((answer) => answer.headers['x-witan-defaults'])).toEqual([
        '1; 1=amount',
        undefined,
        '2; 2=country,amount',
      ]);
    },
  );

  it('is refused at boot when its input has another width', async () => {
    await expect(serve(SingleService, { path: 'iris-classifier' })).rejects.toMatchObject({
      code: 'INF_ERR_VECTORIZE_CONFIG',
      message: expect.stringMatching(/orders.*3 numbers.*takes 4/),
    });
  });

  it('counts what it gave defaults for', async () => {
    const app = await serve(SingleService);
    await app.inject({ method: 'POST', url: '/single', payload: [{ country: 'FR' }] });
    const { vectorizer } = await app.nest.get(ModelRegistry).use('orders');
    const counted = { rows: 1, defaulted: { amount: 1 }, unknown: { country: 1 } };
    expect((vectorizer as Vectorizer).stats()).toEqual(counted);
  });
});
