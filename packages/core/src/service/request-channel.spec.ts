import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, describe, expect, it } from 'vitest';
import { Frame } from '../frame/frame.js';
import { BatchContext } from '../handler/batch-context.js';
import { Handler } from '../handler/handler.decorator.js';
import { Column } from '../schema/column.decorator.js';
import { Schema } from '../schema/schema.decorator.js';
import { createTestingApplication, type TestingApplication } from '../testing/index.js';
import { requestChannel, type RequestEvent } from './request-channel.js';
import { Service } from './service.decorator.js';

@Schema()
class Point {
  @Column('f64') x!: number;
}

const store = new AsyncLocalStorage<RequestEvent>();
let seenByHandler: (RequestEvent | undefined)[] = [];

@Service('batched')
class BatchedService {
  @Handler({ in: Point, out: Point, batch: true })
  same(points: Frame<Point>, _batch: BatchContext): Frame<Point> {
    return points;
  }
}

@Service('single')
class SingleService {
  @Handler({ in: Point, out: Point })
  positive(points: Frame<Point>): Frame<Point> {
    seenByHandler.push(store.getStore());
    if (points.records()[0]!.x < 0) throw new RangeError('negative');
    return points;
  }
}

@Service('stream')
class StreamService {
  @Handler({ in: Point, out: Point })
  async *each(points: Frame<Point>): AsyncGenerator<Frame<Point>> {
    for (let row = 0; row < points.rows; row++) yield points.slice(row, row + 1);
    if (points.rows > 2) throw new RangeError('too many');
  }
}

const lines: string[] = [];
const describeEvent = ({ service, context, rows, result, error }: RequestEvent): string =>
  [service, context.transport, rows, result?.constructor.name, (error as Error | undefined)?.name].join(' ');
const subscribers = {
  start: (event: RequestEvent) => lines.push(`start ${describeEvent(event)}`),
  end: () => undefined,
  asyncStart: () => undefined,
  asyncEnd: (event: RequestEvent) => lines.push(`over ${describeEvent(event)}`),
  error: (event: RequestEvent) => lines.push(`error ${describeEvent(event)}`),
};

let app: TestingApplication;
afterEach(async () => {
  requestChannel.unsubscribe(subscribers as never);
  requestChannel.start.unbindStore(store);
  await app.close();
});

async function serve(): Promise<void> {
  app = await createTestingApplication({ providers: [BatchedService, SingleService, StreamService] });
  requestChannel.subscribe(subscribers as never);
  lines.length = 0;
}

const post = (url: string, payload: object[]) => app.inject({ method: 'POST', url, payload });

describe('witan.request', () => {
  it('tells of every request on both protocols, once it begins and once it is over', async () => {
    await serve();
    await post('/batched', [{ x: 1 }, { x: 2 }]);
    await app.grpc.predict(SingleService, { rows: [{ x: 1 }] });
    expect(lines).toEqual([
      'start BatchedService http   ',
      'over BatchedService http 2 Frame ',
      'start SingleService grpc   ',
      'over SingleService grpc 1 Frame ',
    ]);
  });

  it('tells of what failed, in validation or in a handler, and the answer is as without it', async () => {
    await serve();
    expect((await post('/batched', [{ y: 1 }])).statusCode).toBe(422);
    expect((await app.grpc.predict(SingleService, { rows: [{ x: -1 }] })).code).toBe(13);
    expect(lines).toEqual([
      'start BatchedService http   ',
      'error BatchedService http   WitanError',
      'over BatchedService http   WitanError',
      'start SingleService grpc   ',
      'error SingleService grpc 1  RangeError',
      'over SingleService grpc 1  RangeError',
    ]);
  });

  it('is over with the last Frame of a stream', async () => {
    await serve();
    expect((await post('/stream', [{ x: 1 }, { x: 2 }])).body).toBe('{"x":1}\n{"x":2}\n');
    await app.grpc.predictStream(StreamService, [{ rows: [{ x: 1 }, { x: 2 }, { x: 3 }] }]);
    // Predict cannot stream: the stream is closed unread, and over.
    await app.grpc.predict(StreamService, { rows: [{ x: 1 }] });
    expect(lines.filter((line) => !line.startsWith('start'))).toEqual([
      'over StreamService http 2  ',
      'error StreamService grpc 3  RangeError',
      'over StreamService grpc 3  RangeError',
      'over StreamService grpc 1  ',
    ]);
  });

  it('binds stores for what the request runs', async () => {
    await serve();
    requestChannel.start.bindStore(store, (event) => event);
    seenByHandler = [];
    await post('/single', [{ x: 1 }]);
    expect(seenByHandler.map((event) => event?.service)).toEqual(['SingleService']);
  });
});
