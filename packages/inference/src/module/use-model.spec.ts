import { dirname } from 'node:path';
import { Module, type Type } from '@nestjs/common';
import { BatchContext, type BatchOptions, Column, Frame, Handler, Schema, Service, WitanFactory } from '@witan/core';
import { fixtureModel, ManualClock } from '@witan-libs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { Model } from '../model/model.js';
import { ModelModule } from './model.module.js';
import { UseModel, type UseModelOptions } from './model.decorators.js';

@Schema()
class Pair {
  @Column('f32') a!: number;
  @Column('f32') b!: number;
}

@Schema()
class Sign {
  @Column('f32') sum!: number;
  @Column('bool') isPositive!: boolean;
  @Column('utf8') name!: string;
}

@Schema()
class Wide {
  @Column('f64') a!: number;
  @Column('f64') b!: number;
}

describe('@UseModel', () => {
  const open: { close(): Promise<unknown> }[] = [];
  afterEach(() => Promise.all(open.splice(0).map((app) => app.close())));

  interface Surroundings {
    readonly model?: { readonly batch: BatchOptions };
    readonly clock?: ManualClock;
  }

  async function serve(
    service: Type,
    { model, clock }: Surroundings = {},
  ): Promise<(rows: object[]) => Promise<{ statusCode: number; json(): unknown }>> {
    const store = dirname(fixtureModel('iris'));
    @Module({
      imports: [
        ModelModule.forRoot({ store }),
        ModelModule.forFeature({ name: 'signs', path: 'scalar-outputs', trusted: true, ...model }),
      ],
      providers: [service],
    })
    class App {}
    const app = await WitanFactory.create(App, { logger: false, ...(clock && { witan: { clock } }) });
    open.push(app);
    await app.init();
    return (rows) => app.inject({ method: 'POST', url: '/signs', payload: rows });
  }

  function serviceOf(schema: Type, batch: boolean, use?: UseModelOptions): Type {
    @Service('signs')
    class Signs {
      @Handler({ in: schema, out: Sign, ...(batch && { batch: { maxRows: 8 } }) } as never)
      sign(frame: Frame<Pair>, @UseModel('signs', use) model: Model) {
        return model.run(frame);
      }
    }
    return Signs;
  }

  it.each([true, false])(
    "gives a handler the model, its outputs under the handler schema's names (batched: %s)",
    async (batch) => {
      const post = await serve(serviceOf(Pair, batch));
      const answers = await Promise.all([
        post([
          { a: 1, b: 2 },
          { a: -1, b: -2 },
        ]),
        post([{ a: 5, b: 5 }]),
      ]);
      expect(answers.map((answer) => answer.statusCode)).toEqual([200, 200]);
      expect(answers[0]!.json()).toMatchObject({
        records: [
          { sum: 3, isPositive: true, name: 'positive' },
          { sum: -3, isPositive: false, name: 'not positive' },
        ],
      });
    },
  );

  it('lets a batched handler pass a Frame of its own on without a second delay', async () => {
    @Service('signs')
    class Signs {
      @Handler({ in: Pair, out: Sign, batch: { maxRows: 8 } })
      sign(frame: Frame<Pair>, batch: BatchContext, @UseModel('signs') model: Model) {
        const doubled = (name: 'a' | 'b') => Float32Array.from(frame.records(), (row) => 2 * row[name]);
        return model.run(Frame.fromColumns({ a: doubled('a'), b: doubled('b') }), { context: batch });
      }
    }
    // Time stands still: rows that were held back for a fuller batch would never be answered.
    const clock = new ManualClock({ turns: 'event-loop' });
    const post = await serve(Signs, { model: { batch: { maxDelayMs: 10 } }, clock });
    const answer = await post([{ a: 1, b: 2 }]);
    expect(answer.json()).toMatchObject({ records: [{ sum: 6 }] });
  });

  it("ends the boot when the handler's schema does not fit the model, and prints both", async () => {
    const boot = serve(serviceOf(Wide, true));
    await expect(boot).rejects.toMatchObject({
      code: 'INF_ERR_MAPPING',
      message: expect.stringMatching(/Signs\.sign.*x f32\[\?, 2\].*a f64, b f64/s),
    });
  });

  it('leaves the schemas alone when told so', async () => {
    const post = await serve(serviceOf(Wide, false, { bind: false }));
    const answer = await post([{ a: 1, b: 2 }]);
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toMatchObject({ error: { code: 'INF_ERR_MAPPING', status: 'INVALID_ARGUMENT' } });
  });
});
