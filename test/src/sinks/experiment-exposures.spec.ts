import { dirname } from 'node:path';
import { Module } from '@nestjs/common';
import { type WitanApplication, WitanFactory } from '@witan/core';
import { ExperimentModule, ModelModule, ModelServicesModule } from '@witan/inference';
import { type LogRecord, logTo, type Sink, SinksModule } from '@witan/sinks';
import { fixtureModel } from '@witan-libs/testing';
import { afterEach, describe, expect, it } from 'vitest';

/** A destination that keeps all in memory. */
class Shelf implements Sink {
  readonly name = 'shelf';
  readonly records: LogRecord[] = [];

  async write(batch: readonly LogRecord[]): Promise<void> {
    this.records.push(...batch);
  }

  async close(): Promise<void> {
    // Nothing is open.
  }
}

describe('records of experiments', () => {
  let app: WitanApplication | undefined;
  afterEach(() => app?.close());

  it('every exposure reaches its sink, and the records of models know the variant', async () => {
    const [exposures, runs] = [new Shelf(), new Shelf()];
    @Module({
      imports: [
        SinksModule.forRoot({ sinks: { exposures: { to: exposures }, runs: { to: runs } } }),
        ModelModule.forRoot({ store: dirname(fixtureModel('iris')), runners: { trusted: true } }),
        ModelModule.forFeature(
          { name: 'one', path: 'identity-f32', log: logTo('runs') },
          { name: 'two', path: 'identity-f32', version: '2', log: logTo('runs') },
        ),
        ExperimentModule.forRoot({
          experiments: {
            ab: { variants: { control: 'one', new: 'two' }, key: 'header:x-user', exposures: 'exposures' },
          },
        }),
        ModelServicesModule,
      ],
    })
    class App {}
    app = await WitanFactory.create(App, { logger: false });
    await app.init();
    for (let i = 0; i < 20; i++) {
      const headers = { 'x-user': `user-${i}`, 'x-request-id': `r${i}` };
      const answer = await app.inject({ method: 'POST', url: '/predictions/ab', headers, payload: [{ x: [1, 2, 3] }] });
      expect(answer.statusCode).toBe(200);
    }
    await app.close();
    app = undefined;
    expect(exposures.records).toHaveLength(20);
    const variants = new Map(exposures.records.map(({ requestId, variant }) => [requestId, variant]));
    expect(new Set(variants.values())).toEqual(new Set(['control', 'new']));
    const [first] = exposures.records;
    expect(first).toMatchObject({ point: 'experiment:ab', experiment: 'ab', requestId: 'r0' });
    expect(first!.input!.records()).toMatchObject([
      { experiment: 'ab', requestId: 'r0', key: expect.stringMatching(/^[0-9a-f]{16}$/), sticky: true, forced: false },
    ]);
    expect(runs.records).toHaveLength(20);
    for (const { requestId, model, experiment, variant } of runs.records) {
      expect([experiment, variant]).toEqual(['ab', variants.get(requestId)]);
      expect(model).toBe(variant === 'new' ? 'two' : 'one');
    }
  });
});
