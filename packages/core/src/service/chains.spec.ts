import { Inject } from '@nestjs/common';
import { afterEach, describe, expect, it } from 'vitest';
import { BatchControl } from '../batch/batch-control.js';
import { Frame } from '../frame/frame.js';
import { BatchContext } from '../handler/batch-context.js';
import type { Context } from '../handler/context.js';
import { handlerParam } from '../handler/handler-param.js';
import type { HandlerOf } from '../handler/handler-types.js';
import { Handler } from '../handler/handler.decorator.js';
import { Column } from '../schema/column.decorator.js';
import { Schema } from '../schema/schema.decorator.js';
import { createTestingApplication, ManualClock, type TestingApplication } from '../testing/index.js';
import { Service } from './service.decorator.js';

@Schema()
class Point {
  @Column('f64') x!: number;
}
@Schema()
class Sum {
  @Column('f64') sum!: number;
}

let app: TestingApplication;
afterEach(() => app.close());

const post = async (url: string, payload: unknown, headers: Record<string, string> = {}) => {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const all = { 'content-type': 'application/json', ...headers };
  return app.inject({ method: 'POST', url, headers: all, payload: text });
};

/** Lets requests that are on their way get as far as they can. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('a chain of classes and methods with two batched steps in the middle', () => {
  const calls: string[] = [];

  @Handler({ in: Point, out: Point })
  class AddOne implements HandlerOf<Point, Point> {
    handle(points: Frame<Point>): Point[] {
      calls.push(`one ${points.rows}`);
      return points.records().map(({ x }) => ({ x: x + 1 }));
    }
  }
  @Handler({ in: Point, out: Sum, batch: { maxRows: 16 } })
  class Sums implements HandlerOf<Point, Sum> {
    handle(points: Frame<Point>, batch: BatchContext): Sum[] {
      calls.push(`sums ${points.rows} of ${batch.requests.length}`);
      return points.records().map(({ x }) => ({ sum: x * 10 }));
    }
  }
  @Service('mixed', { handlers: [AddOne, Sums, 'keep', 'back'] })
  class MixedService {
    @Handler({ in: Sum, out: Sum, batch: { maxRows: 16 } })
    keep(sums: Frame<Sum>, batch: BatchContext): Frame<Sum> {
      calls.push(`keep ${sums.rows} of ${batch.requests.length}`);
      return sums;
    }
    @Handler({ in: Sum, out: Point })
    back(sums: Frame<Sum>, context: Context): Point[] {
      context.setHeader('x-rows', String(sums.rows));
      return sums.records().map(({ sum }) => ({ x: sum }));
    }
  }

  it('runs each request alone outside of them and together inside, on both protocols', async () => {
    app = await createTestingApplication({ providers: [AddOne, Sums, MixedService] });
    calls.length = 0;
    const answers = await Promise.all([post('/mixed', [{ x: 1 }, { x: 2 }]), post('/mixed', [{ x: 3 }])]);
    expect(answers.map((answer) => answer.json().records)).toEqual([[{ x: 20 }, { x: 30 }], [{ x: 40 }]]);
    expect(answers.map((answer) => answer.headers['x-rows'])).toEqual(['2', '1']);
    expect(calls).toEqual(['one 2', 'one 1', 'sums 3 of 2', 'keep 3 of 2']);

    calls.length = 0;
    const rpc = await Promise.all([4, 5].map((x) => app.grpc.predict(MixedService, { rows: [{ x }] })));
    expect(rpc.map(({ response }) => response.rows)).toEqual([[{ x: 50 }], [{ x: 60 }]]);
    expect(calls.slice(2)).toEqual(['sums 2 of 2', 'keep 2 of 2']);
  });
});

describe('a stream in the middle of a chain', () => {
  @Service('streamed', { handlers: ['rows', 'sums'] })
  class StreamedService {
    @Handler({ in: Point, out: Point })
    async *rows(points: Frame<Point>): AsyncGenerator<Frame<Point>> {
      for (let row = 0; row < points.rows; row++) yield points.slice(row, row + 1);
    }
    @Handler({ in: Point, out: Sum, batch: true })
    sums(points: Frame<Point>): Sum[] {
      return points.records().map(({ x }) => ({ sum: x + 1 }));
    }
  }

  it('goes through the rest of it Frame by Frame, on both protocols', async () => {
    app = await createTestingApplication({ providers: [StreamedService] });
    expect((await post('/streamed', [{ x: 1 }, { x: 2 }])).body).toBe('{"sum":2}\n{"sum":3}\n');
    const { responses } = await app.grpc.predictStream(StreamedService, [{ rows: [{ x: 1 }, { x: 2 }] }]);
    expect(responses).toEqual([{ rows: [{ sum: 2 }] }, { rows: [{ sum: 3 }] }]);
  });
});

describe('64-bit integers', () => {
  @Schema()
  class Ids {
    @Column('i64') id!: bigint;
    @Column('u64') of!: bigint;
  }
  @Service('ids')
  class IdsService {
    @Handler({ in: Ids, out: Ids, batch: true })
    next(ids: Frame<Ids>): Ids[] {
      return ids.records().map(({ id, of }) => ({ id: id + 1n, of }));
    }
  }

  it('are exact from JSON through a gate and a handler to JSON, and over gRPC', async () => {
    app = await createTestingApplication({ providers: [IdsService] });
    const bodies = [
      '[{"id":9007199254740992,"of":18446744073709551615}]',
      '[{"id":-9223372036854775808,"of":9007199254740993}]',
    ];
    const answers = await Promise.all(bodies.map((body) => post('/ids', body, { 'x-request-id': 'a' })));
    expect(answers.map(({ body }) => body)).toEqual([
      '{"id":"a","records":[{"id":9007199254740993,"of":18446744073709551615}]}',
      '{"id":"a","records":[{"id":-9223372036854775807,"of":9007199254740993}]}',
    ]);
    const row = { id: '9007199254740992', of: '18446744073709551615' };
    const { response } = await app.grpc.predict(IdsService, { rows: [row] });
    expect(response.rows).toEqual([{ id: '9007199254740993', of: '18446744073709551615' }]);
  });
});

describe('what waits at a batched handler', () => {
  let seen: number[] = [];
  let release: () => void = () => undefined;

  @Service('held')
  class HeldService {
    @Handler({ in: Point, out: Point, batch: { maxRows: 1, coalesce: 'off' } })
    async hold(points: Frame<Point>): Promise<Frame<Point>> {
      seen.push(points.records()[0]!.x);
      if (seen.length === 1) await new Promise<void>((resolve) => (release = resolve));
      return points;
    }
  }

  const clock = new ManualClock({ turns: 'event-loop' });
  const over = {
    http: (x: number, headers: Record<string, string>) => post('/held', [{ x }], headers).then((a) => a.statusCode),
    grpc: (x: number, { 'x-request-timeout-ms': ms, ...metadata }: Record<string, string>) =>
      app.grpc
        .predict(HeldService, { rows: [{ x }] }, { metadata, deadlineMs: ms === undefined ? undefined : Number(ms) })
        .then(({ code }) => code),
  };

  /** Boots, and sends the first request, which is held until {@link release}. */
  async function held(send: (typeof over)['http']): Promise<{ readonly first: Promise<number> }> {
    app = await createTestingApplication({ providers: [HeldService] }, { clock });
    seen = [];
    const first = send(0, {});
    await settle();
    return { first };
  }

  it.each([
    ['HTTP', over.http, 504],
    ['gRPC', over.grpc, 4],
  ])('never runs once its deadline has passed, over %s', async (_name, send, expired) => {
    const { first } = await held(send);
    const late = send(1, { 'x-request-timeout-ms': '50' });
    await settle();
    clock.advance(51);
    expect(await late).toBe(expired);
    release();
    await first;
    await send(2, {});
    expect(seen).toEqual([0, 2]);
  });

  it.each([
    ['HTTP', over.http],
    ['gRPC', over.grpc],
  ])('goes in the order of x-priority, over %s', async (_name, send) => {
    const { first } = await held(send);
    const waiting = [send(1, { 'x-priority': '-5' }), send(2, {}), send(3, { 'x-priority': '7' })];
    await settle();
    release();
    await Promise.all([first, ...waiting]);
    expect(seen).toEqual([0, 3, 2, 1]);
  });
});

describe('the concurrency of a handler’s gate', () => {
  class FourRunners {
    readonly concurrency = 4;
  }

  @Service('by-parameter')
  class ByParameter {
    @Handler({ in: Point, out: Point, batch: true })
    predict(points: Frame<Point>, _batch: BatchContext, @handlerParam({ token: FourRunners }) _model: FourRunners) {
      return points;
    }
  }
  @Service('by-constructor')
  class ByConstructor {
    constructor(@Inject(FourRunners) readonly model: FourRunners) {}
    @Handler({ in: Point, out: Point, batch: true })
    predict(points: Frame<Point>) {
      return points;
    }
  }
  @Service('by-property')
  class ByProperty {
    @Inject(FourRunners) readonly model!: FourRunners;
    @Handler({ in: Point, out: Point, batch: true })
    predict(points: Frame<Point>) {
      return points;
    }
  }
  @Service('set')
  class SetByHand {
    constructor(@Inject(FourRunners) readonly model: FourRunners) {}
    @Handler({ in: Point, out: Point, batch: { concurrency: 2 } })
    predict(points: Frame<Point>) {
      return points;
    }
  }

  it('is that of the models that it has as parameters or injected, unless it is set', async () => {
    app = await createTestingApplication({
      providers: [FourRunners, ByParameter, ByConstructor, ByProperty, SetByHand],
    });
    const control = app.nest.get(BatchControl);
    expect(control.names.map((name) => [name, control.options(name).concurrency])).toEqual([
      ['ByParameter.predict', 4],
      ['ByConstructor.predict', 4],
      ['ByProperty.predict', 4],
      ['SetByHand.predict', 2],
    ]);
  });
});
