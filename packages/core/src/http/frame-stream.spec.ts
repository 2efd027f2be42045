import { ManualClock } from '@witan-libs/testing';
import { describe, expect, it } from 'vitest';
import { coreError } from '../errors/core.errors.js';
import { Frame } from '../frame/frame.js';
import type { Context } from '../handler/context.js';
import { linesOf } from './json-lines.js';
import { deferred, RawClient, type TestApp, testApp, testService } from './harness.spec.support.js';

const frameOf = (...values: number[]): Frame => Frame.fromRecords(values.map((a) => ({ a })));

async function* frames(): AsyncGenerator<Frame> {
  yield frameOf(1, 2);
  yield frameOf();
  yield frameOf(3);
}

async function* failing(): AsyncGenerator<Frame> {
  yield frameOf(1);
  throw coreError('CORE_ERR_DEADLINE', 'too late');
}

function streaming(make: (context: Context) => AsyncIterable<Frame>): TestApp {
  return testApp([testService('s', (context) => make(context))]);
}

function ask(app: TestApp, accept?: string) {
  const headers = { 'x-request-id': 'r1', ...(accept !== undefined && { accept }) };
  return app.fastify.inject({ method: 'POST', url: '/s', headers });
}

const WIRE =
  '{"error":{"code":"CORE_ERR_DEADLINE","status":"DEADLINE_EXCEEDED","message":"too late","requestId":"r1"}}';

describe('streams of Frames', () => {
  it.each([undefined, '*/*', 'application/x-ndjson'])('are NDJSON for accept %s', async (accept) => {
    const answer = await ask(streaming(frames), accept);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/x-ndjson; charset=utf-8',
      'x-request-id': 'r1',
    });
    expect(answer.body).toBe('{"a":1}\n{"a":2}\n{"a":3}\n');
  });

  it('are server-sent events', async () => {
    const answer = await ask(streaming(frames), 'text/event-stream');
    expect(answer.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
    });
    expect(answer.body).toBe(
      'event: frame\ndata: [{"a":1},{"a":2}]\n\nevent: frame\ndata: []\n\nevent: frame\ndata: [{"a":3}]\n\n' +
        'event: end\ndata: {"id":"r1"}\n\n',
    );
  });

  it('are one JSON document for a caller that takes nothing else', async () => {
    expect((await ask(streaming(frames), 'application/json')).body).toBe(
      '{"id":"r1","records":[{"a":1},{"a":2},{"a":3}]}',
    );
    const none = streaming(async function* () {});
    expect((await ask(none, 'application/json')).body).toBe('{"id":"r1","records":[]}');
  });

  it('may be empty', async () => {
    const answer = await ask(streaming(async function* () {}));
    expect([answer.statusCode, answer.body]).toEqual([200, '']);
  });

  it('that fail before their first Frame have the status of the error', async () => {
    const app = streaming(async function* () {
      throw coreError('CORE_ERR_DEADLINE', 'too late');
    });
    const answer = await ask(app);
    expect([answer.statusCode, answer.body]).toEqual([504, WIRE]);
  });

  it('that fail later say so in their last line or event', async () => {
    expect((await ask(streaming(failing))).body).toBe(`{"a":1}\n${WIRE}\n`);
    expect((await ask(streaming(failing), 'text/event-stream')).body).toMatch(
      /\n\nevent: error\ndata: \{"error":.*\}\n\n$/,
    );
  });

  it('that fail as a JSON document are cut off', async () => {
    const app = streaming(failing);
    const client = new RawClient(await app.listen());
    client.post('/s', '', { accept: 'application/json' });
    const text = await client.rest();
    expect(text).toContain('"records":[{"a":1}');
    expect(text).not.toMatch(/\r\n0\r\n\r\n$/);
    await app.fastify.close();
  });

  it('end with the deadline, in the way of their form', async () => {
    const clock = new ManualClock();
    let released = false;
    const stuck = deferred();
    const app = testApp(
      [
        testService('s', async function (context: Context) {
          return (async function* () {
            try {
              yield frameOf(1);
              stuck.resolve();
              await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
            } finally {
              released = true;
            }
          })();
        } as never),
      ],
      { clock },
    );
    const answering = app.fastify.inject({ method: 'POST', url: '/s', headers: { 'x-request-timeout-ms': '100' } });
    await stuck.promise;
    clock.advance(100);
    expect((await answering).body).toMatch(/^\{"a":1\}\n\{"error":\{"code":"CORE_ERR_DEADLINE".*\}\n$/);
    expect(released).toBe(true);
  });

  it('are not read ahead of a caller that does not read', async () => {
    const big = Frame.fromRecords([{ text: 'x'.repeat(1_000_000) }]);
    let given = 0;
    const app = streaming(async function* () {
      for (; given < 200; given++) yield big;
    });
    const client = new RawClient(await app.listen());
    client.socket.pause();
    client.post('/s', '');
    // The socket buffers of both sides take a few megabytes; then the handler must stand still.
    let before = -1;
    while (given === 0 || given !== before) {
      before = given;
      for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
    }
    expect(given).toBeLessThan(50);
    client.socket.destroy();
    await app.fastify.close();
  });

  it('of a handler that never waits leave the event loop to others', async () => {
    let stop = false;
    const app = streaming(async function* () {
      while (!stop) yield frameOf(1);
    });
    const client = new RawClient(await app.listen());
    client.post('/s', '');
    await client.until((seen) => seen.includes('{"a":1}'));
    const other = await app.fastify.inject({ method: 'GET', url: '/health/live' });
    stop = true;
    expect(other.statusCode).toBe(200);
    client.socket.destroy();
    await app.fastify.close();
  });
});

describe('linesOf', () => {
  it('parts records, not what looks like it inside strings', () => {
    const records = [{ a: '},{', b: [1, 2] }, { a: '"},{"\\', b: [] }, {}, { a: '\\"},{' }];
    expect(linesOf(JSON.stringify(records))).toBe(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    expect(linesOf('[]')).toBe('');
  });

  it('takes very long strings', () => {
    const records = [{ a: '\n"'.repeat(2_000_000) }, { a: 'x'.repeat(4_000_000) }];
    expect(linesOf(JSON.stringify(records)).split('\n')).toHaveLength(3);
  });
});
