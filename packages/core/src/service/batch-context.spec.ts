import http from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { Frame } from '../frame/frame.js';
import { BatchContext } from '../handler/batch-context.js';
import { Handler } from '../handler/handler.decorator.js';
import type { WitanApplication } from '../lifecycle/witan-application.js';
import { WitanFactory } from '../lifecycle/witan-factory.js';
import { Column } from '../schema/column.decorator.js';
import { Schema } from '../schema/schema.decorator.js';
import { Service } from './service.decorator.js';

@Schema()
class Point {
  @Column('f64') x!: number;
}

let onBatch: (batch: BatchContext) => void;
let finish: () => void;
let onRequest: () => unknown = () => undefined;

/** Holds every batch until the test lets it go. */
@Service('hold')
class HoldService {
  @Handler({ in: Point, out: Point, batch: { maxRows: 8, coalesce: 'off' } })
  async hold(points: Frame<Point>, batch: BatchContext): Promise<Frame<Point>> {
    const released = new Promise<void>((resolve) => (finish = resolve));
    onBatch(batch);
    await released;
    return points;
  }
}

let app: WitanApplication;
afterEach(() => app.close());

async function serve(): Promise<string> {
  app = await WitanFactory.create(
    { module: class AppModule {}, providers: [HoldService] },
    { logger: false, abortOnError: false },
  );
  app.fastify.addHook('preHandler', async () => void onRequest());
  const { http: url } = await app.listen({
    http: 0,
    grpc: false,
    host: '127.0.0.1',
    banner: false,
    shutdown: { signals: false },
  });
  return `${url}/hold`;
}

function nextBatch(): Promise<BatchContext> {
  return new Promise((resolve) => (onBatch = resolve));
}

/** A request that can be hung up on. */
function send(url: string, x: number): { hangUp(): void; status: Promise<number | undefined> } {
  const headers = { 'content-type': 'application/json', 'x-request-id': `request-${x}` };
  const request = http.request(url, { method: 'POST', agent: false, headers });
  const status = new Promise<number | undefined>((resolve) => {
    request.on('response', (response) => resolve(response.resume().statusCode));
    request.on('error', () => resolve(undefined));
  });
  request.end(JSON.stringify([{ x }, { x }]));
  return { hangUp: () => request.destroy(), status };
}

describe('BatchContext', () => {
  it('gives every request its Context and its rows; its signal fires when all of them are gone', async () => {
    const url = await serve();
    const warmUp = nextBatch();
    const first = send(url, 0);
    await warmUp;
    // These arrive while the first batch is out, and so share the next.
    const both = arrived(2);
    const others = [send(url, 1), send(url, 2)];
    await both;
    const batching = nextBatch();
    finish();
    const batch = await batching;
    expect(await first.status).toBe(200);
    expect(batch.requests.map(({ start, end }) => [start, end])).toEqual([
      [0, 2],
      [2, 4],
    ]);
    expect(batch.requests.map(({ context }) => context.requestId).sort()).toEqual(['request-1', 'request-2']);

    let fired = false;
    const aborted = new Promise<void>((resolve) => {
      batch.signal.addEventListener('abort', () => {
        fired = true;
        resolve();
      });
    });
    others[0]!.hangUp();
    await gone(batch, 1);
    expect(fired).toBe(false);
    others[1]!.hangUp();
    await aborted;
    finish();
  });
});

/** Waits until so many further requests have been read whole by the server. */
function arrived(count: number): Promise<void> {
  return new Promise((resolve) => (onRequest = () => --count === 0 && setImmediate(resolve)));
}

async function gone(batch: BatchContext, count: number): Promise<void> {
  while (batch.requests.filter(({ context }) => context.aborted).length < count) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
