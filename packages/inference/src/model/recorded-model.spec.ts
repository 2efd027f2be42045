import { dirname } from 'node:path';
import { Module, type Type } from '@nestjs/common';
import {
  Column,
  Frame,
  Handler,
  type KeptCall,
  RECORD_KEEPER,
  Schema,
  Service,
  WitanError,
  WitanFactory,
} from '@witan/core';
import { fixtureModel } from '@witan-libs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { ModelModule } from '../module/model.module.js';
import { UseModel } from '../module/model.decorators.js';
import { ModelRegistry } from '../module/model-registry.js';
import { Model } from './model.js';

@Schema()
class Pair {
  @Column('f32') a!: number;
  @Column('f32') b!: number;
}
@Schema()
class Sum {
  @Column('f32') sum!: number;
}

/** `sum` of a and b, as the fixture gives it. */
function serviceOf(batch: boolean, bisect = true): Type {
  @Service('signs')
  class Signs {
    @Handler({ in: Pair, out: Sum, ...(batch && { batch: { maxRows: 8, bisect } }) } as never)
    async sign(frame: Frame<Pair>, @UseModel('signs', { bind: false }) model: Model) {
      // The model does not take one column.
      const isPoisoned = frame.column('a').toArray().includes(-1);
      const given = new Frame([...frame.columns].slice(0, isPoisoned ? 1 : 2));
      given.source = frame.source;
      return (await model.run(given)).select(['sum']);
    }
  }
  return Signs;
}

describe('a model whose runs are kept', () => {
  const open: { close(): Promise<unknown> }[] = [];
  afterEach(() => Promise.all(open.splice(0).map((app) => app.close())));

  async function serve(service: Type, log: unknown = ['all']) {
    const calls: KeptCall[] = [];
    const behaviour: { keep: () => void | Promise<void> } = { keep: () => {} };
    const keeper = {
      open: () => ({
        keep(call: KeptCall) {
          calls.push(call);
          return behaviour.keep();
        },
      }),
    };
    @Module({
      imports: [
        ModelModule.forRoot({ store: dirname(fixtureModel('iris')) }),
        ModelModule.forFeature({ name: 'signs', path: 'scalar-outputs', trusted: true, log }),
      ],
      providers: [service, { provide: RECORD_KEEPER, useValue: keeper }],
    })
    class App {}
    const app = await WitanFactory.create(App, { logger: false });
    open.push(app);
    await app.init();
    const post = (id: string, rows: object[]) =>
      app.inject({ method: 'POST', url: '/signs', payload: rows, headers: { 'x-request-id': id } });
    return { app, calls, behaviour, post };
  }

  const seen = (calls: readonly KeptCall[]) =>
    calls.map(({ context, input, output, models }) => [
      context.requestId,
      [...input.column('a').numbers()],
      output && [...output.column('sum').numbers()],
      models,
    ]);
  const use = [{ model: 'signs', version: '1' }];

  it.each([true, false])(
    'tells of each request its own rows, though the handler does not say whose they are (batched: %s)',
    async (batched) => {
      const { calls, post } = await serve(serviceOf(batched));
      const rows = (...as: number[]) => as.map((a) => ({ a, b: 1 }));
      // The first takes the runner; the others form a batch behind it.
      await Promise.all([post('r0', rows(9)), post('r1', rows(1, 2)), post('r2', rows(3))]);
      const records = seen(calls).sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
      expect(records).toEqual([
        ['r0', [9], [10], use],
        ['r1', [1, 2], [2, 3], use],
        ['r2', [3], [4], use],
      ]);
      expect(calls.every(({ point }) => point.kind === 'model' && point.name === 'signs')).toBe(true);
    },
  );

  it('holds its answer until the record is kept, and fails with what keeping fails with', async () => {
    const { behaviour, post } = await serve(serviceOf(false));
    behaviour.keep = () =>
      Promise.reject(new WitanError('SOME_FULL', { category: 'UNAVAILABLE', summary: '' }, 'the disk is full'));
    const answer = await post('r1', [{ a: 1, b: 1 }]);
    expect(answer.statusCode).toBe(503);
    expect(answer.body).toContain('SOME_FULL');
  });

  it('keeps runs of tensors, runs that fail, and runs that nobody asked for by a request', async () => {
    const { app, calls } = await serve(serviceOf(false));
    const model = app.nest.get(ModelRegistry).get('signs');
    const x = { dtype: 'f32', dims: [2, 2], data: Float32Array.of(1, 5, 2, 6) } as const;
    await model.run({ x });
    await model.runTensors({ x: { ...x, owned: true } });
    await expect(model.run(Frame.fromColumns({ wrong: Float32Array.of(1) }))).rejects.toThrow();
    expect(calls[0]).toMatchObject({ error: undefined, context: { requestId: expect.stringMatching(/-/) } });
    expect([...calls[0]!.output!.column('sum').numbers()]).toEqual([6, 8]);
    // As the tensors were: one row of the whole.
    expect([calls[1]!.input.rows, [...calls[1]!.input.column('x').numbers()]]).toEqual([1, [1, 5, 2, 6]]);
    expect(calls[2]).toMatchObject({ output: undefined, error: { code: 'INF_ERR_MAPPING' } });
  });

  it.each([true, false])(
    'keeps of a batch that fails what became of each of its requests (run again in parts: %s)',
    async (bisect) => {
      const { calls, post } = await serve(serviceOf(true, bisect));
      const answers = await Promise.all([9, -1, 3, 4].map((a, i) => post(`r${i}`, [{ a, b: 1 }])));
      const outcomes = calls.map(({ context, error }) => `${context.requestId} ${error ? 'failed' : 'ok'}`);
      const expected = answers.map(({ statusCode }, i) => `r${i} ${statusCode === 200 ? 'ok' : 'failed'}`);
      expect(outcomes.sort()).toEqual(expected);
      expect(expected[1]).toBe('r1 failed');
    },
  );

  it('is kept only where it is asked for', async () => {
    const { calls, post } = await serve(serviceOf(true), []);
    expect((await post('r1', [{ a: 1, b: 1 }])).statusCode).toBe(200);
    expect(calls).toEqual([]);
  });
});
