import { Inject, Injectable } from '@nestjs/common';
import { IsInt, Min } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { Frame } from '../frame/frame.js';
import { BatchContext } from '../handler/batch-context.js';
import { Handler } from '../handler/handler.decorator.js';
import { handlerParam } from '../handler/handler-param.js';
import { Column } from '../schema/column.decorator.js';
import { Schema } from '../schema/schema.decorator.js';
import { Service } from '../service/service.decorator.js';
import { CLOCK } from '../lifecycle/witan.tokens.js';
import type { Clock } from '../clock.js';
import { createTestingApplication, fakeModel, type FakeModel, ManualClock, type TestingOptions } from './index.js';

@Schema()
class Point {
  @Column('f64') theX!: number;
}
@Schema()
class Sum {
  @Column('f64') sum!: number;
}
const MODEL = 'model:plus';

@Injectable()
class Now {
  constructor(@Inject(CLOCK) readonly clock: Clock) {}
}

class Params {
  @IsInt() @Min(1) bias!: number;
}

@Service('plus/:bias', { params: Params })
class PlusService {
  @Handler({ in: Point, out: Sum, batch: true })
  async run(points: Frame<Point>, { params }: BatchContext<Params>, @handlerParam({ token: MODEL }) model: FakeModel) {
    const sums = await model.run(points);
    return sums.records().map(({ sum }: Sum) => ({ sum: sum + params.bias }));
  }
}

function sumModel(): FakeModel {
  return fakeModel((frame) => {
    const sums = frame.records().map((record) => ({ sum: (record as unknown as Point).theX + 1 }));
    if (sums.some(({ sum }) => sum < 0)) throw new Error('secret');
    return Frame.fromRecords(sums);
  });
}

describe('createTestingApplication', () => {
  it('serves HTTP and gRPC in process, with a fake model and a fake clock', async () => {
    const model = sumModel();
    const clock = new ManualClock({ turns: 'event-loop' });
    const providers = [PlusService, Now, { provide: MODEL, useValue: undefined }];
    const app = await createTestingApplication({ providers }, { overrides: [[MODEL, model]], clock });
    expect(app.nest.get(Now).clock).toBe(clock);

    const http = app.inject({ method: 'POST', url: '/plus/10', payload: [{ theX: 1 }] });
    expect((await http).json()).toMatchObject({ records: [{ sum: 12 }] });

    const rpc = app.grpc.predict(PlusService, { bias: '10', rows: [{ the_x: 2 }, { the_x: 3 }] });
    expect(await rpc).toMatchObject({ code: 0, response: { rows: [{ sum: 13 }, { sum: 14 }] } });
    expect(model.runs.map((frame) => frame.rows)).toEqual([1, 2]);
    await app.close();
  });

  it('streams in process, lets time run out by the fake clock, and configures Nest before it is made', async () => {
    let slow = false;
    @Service('each')
    class EachService {
      @Handler({ in: Point, out: Point })
      async *each(points: Frame<Point>): AsyncGenerator<Frame<Point>> {
        for (let row = 0; row < points.rows; row++) yield points.slice(row, row + 1);
        if (slow) await new Promise(() => {});
      }
    }
    const clock = new ManualClock({ turns: 'event-loop' });
    const configure: TestingOptions['configure'] = (nest) => nest.setGlobalPrefix('api');
    const app = await createTestingApplication({ providers: [EachService] }, { clock, configure });
    const rows = [{ the_x: 1 }, { the_x: 2 }];
    const streamed = await app.grpc.predictStream(EachService, [{ rows }, { rows: [{ the_x: 3 }] }]);
    expect(streamed).toMatchObject({ code: 0, responses: [1, 2, 3].map((x) => ({ rows: [{ the_x: x }] })) });
    const http = await app.inject({ method: 'POST', url: '/api/each', payload: [{ theX: 4 }] });
    expect(http.body).toBe('{"theX":4}\n');

    slow = true;
    const late = app.grpc.predictStream(EachService, [{ rows }], { deadlineMs: 1000 });
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1000);
    expect(await late).toMatchObject({ code: 4, responses: [{}, {}] });
    expect(await app.grpc.predictStream(EachService, [{ rows }], { deadlineMs: 0 })).toMatchObject({ code: 4 });
    await app.close();
  });

  it('gives the statuses that a network client would see', async () => {
    const providers = [PlusService, { provide: MODEL, useValue: sumModel() }];
    const app = await createTestingApplication({ providers });
    const invalid = await app.grpc.predict('PlusService', { bias: '10', rows: [{ the_x: 1 }, {}] });
    expect(invalid).toMatchObject({ code: 3, message: expect.stringContaining('theX') });
    const internal = await app.grpc.predict(PlusService, { bias: '10', rows: [{ the_x: -9 }] });
    expect(internal.code).toBe(13);
    expect(internal.message).not.toContain('secret');
    const params = await app.grpc.predict(PlusService, { bias: '0', rows: [{ the_x: 1 }] });
    expect(params).toMatchObject({ code: 3, message: expect.stringContaining('bias must not be less than 1') });
    await expect(app.grpc.predict('Nothing', {})).rejects.toThrow(/no service Nothing: there are PlusService/);
    await app.close();
  });
});
