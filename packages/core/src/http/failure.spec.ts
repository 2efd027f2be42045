import { HttpException } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { coreError } from '../errors/core.errors.js';
import { WitanError } from '../errors/witan-error.js';
import { Answer } from '../handler/answer.js';
import { echo, RawClient, testApp, testService } from './harness.spec.support.js';

const post = { method: 'POST', url: '/m' } as const;

/** The answer of a service that throws this. */
async function thrown(error: unknown) {
  const app = testApp([
    testService('m', () => {
      throw error;
    }),
  ]);
  return { answer: await app.fastify.inject({ ...post, headers: { 'x-request-id': 'r1' } }), logs: app.logs };
}

describe('error answers', () => {
  it('have the status of their category, a code, a message, the request id and details', async () => {
    const error = new WitanError('X_ERR', { category: 'RESOURCE_EXHAUSTED', summary: '' }, 'full', {
      retryAfterMs: 1200,
      details: { queued: 9 },
    });
    const { answer, logs } = await thrown(error);
    expect(answer.statusCode).toBe(429);
    expect(answer.headers).toMatchObject({
      'retry-after': '2',
      'x-request-id': 'r1',
      'content-type': 'application/json; charset=utf-8',
    });
    expect(answer.json()).toEqual({
      error: {
        code: 'X_ERR',
        status: 'RESOURCE_EXHAUSTED',
        message: 'full',
        requestId: 'r1',
        retryAfterMs: 1200,
        details: { queued: 9 },
      },
    });
    expect(logs).toEqual([{ level: 'warn', message: expect.stringContaining('X_ERR: full (request r1)') }]);
  });

  it("keep an error of the user's code in the log, with its stack, and off the wire", async () => {
    const { answer, logs } = await thrown(new TypeError('secret table'));
    expect(answer.statusCode).toBe(500);
    expect(answer.json()).toMatchObject({ error: { code: 'CORE_ERR_INTERNAL', status: 'INTERNAL', requestId: 'r1' } });
    expect(answer.body).not.toContain('secret');
    expect(logs[0]).toMatchObject({ level: 'error', stack: expect.stringContaining('TypeError: secret table') });
    expect(logs[0]!.stack).toContain('failure.spec');
    expect(logs[0]!.message).toContain('request r1');
  });

  it("keep the status and message of Nest's exceptions", async () => {
    const { answer } = await thrown(new HttpException('come back with a ticket', 402));
    expect(answer.statusCode).toBe(402);
    expect(answer.json()).toMatchObject({
      error: { code: 'CORE_ERR_HTTP_EXCEPTION', message: 'come back with a ticket' },
    });
  });

  it('come from rejected promises as well', async () => {
    const app = testApp([testService('m', () => Promise.reject(coreError('CORE_ERR_DEADLINE', 'late')))]);
    expect((await app.fastify.inject(post)).statusCode).toBe(504);
  });

  it('survive details that JSON cannot hold', async () => {
    const { answer } = await thrown(
      new WitanError('X_ERR', { category: 'ABORTED', summary: '' }, 'no', { details: { big: 1n } }),
    );
    expect([answer.statusCode, answer.json().error.code]).toEqual([409, 'X_ERR']);
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a number', 7],
    ['a plain object', {}],
  ])('say that a handler gave %s', async (_, result) => {
    const app = testApp([testService('m', () => result as never)]);
    const answer = await app.fastify.inject(post);
    expect([answer.statusCode, answer.json().error.code]).toEqual([500, 'CORE_ERR_HTTP_RESULT']);
  });
});

describe('early answers', () => {
  it.each([
    ['an object', new Answer({ status: 202, body: { ok: true } }), 'application/json; charset=utf-8', '{"ok":true}'],
    ['text', new Answer({ body: 'hello' }), 'text/plain; charset=utf-8', 'hello'],
    ['bytes', new Answer({ body: new Uint8Array([104, 105]) }), 'application/octet-stream', 'hi'],
    ['its own type', new Answer({ body: '<p>', headers: { 'Content-Type': 'text/html' } }), 'text/html', '<p>'],
    ['nothing', new Answer({ status: 204 }), undefined, ''],
  ])('speak for themselves: %s', async (_, answer, type, body) => {
    const app = testApp([testService('m', () => answer)]);
    const reply = await app.fastify.inject({ ...post, headers: { 'x-request-id': 'r1' } });
    expect([reply.statusCode, reply.headers['content-type'], reply.body]).toEqual([answer.status, type, body]);
    expect(reply.headers['x-request-id']).toBe('r1');
  });

  it('cannot have a status that is none', async () => {
    const app = testApp([testService('m', () => new Answer({ status: 99 }))]);
    expect((await app.fastify.inject(post)).json().error.code).toBe('CORE_ERR_HTTP_RESULT');
  });
});

describe('paths and methods', () => {
  it('refuse other methods on a service with 405 and allow', async () => {
    const app = testApp([echo]);
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE'] as const) {
      const answer = await app.fastify.inject({ method, url: '/echo' });
      expect([answer.statusCode, answer.headers.allow, answer.json().error.code]).toEqual([
        405,
        'POST, OPTIONS',
        'CORE_ERR_HTTP_METHOD',
      ]);
    }
    const options = await app.fastify.inject({ method: 'OPTIONS', url: '/echo' });
    expect([options.statusCode, options.headers.allow]).toEqual([204, 'POST, OPTIONS']);
  });

  it("leave the application's own routes on the same path alone", async () => {
    const app = testApp([echo], { before: (fastify) => void fastify.get('/echo', () => 'mine') });
    expect((await app.fastify.inject({ method: 'GET', url: '/echo' })).body).toBe('mine');
    expect((await app.fastify.inject({ method: 'POST', url: '/echo', payload: [{ a: 1 }] })).statusCode).toBe(200);
  });

  it('answer 404 for unknown paths and 400 for malformed ones', async () => {
    const app = testApp([testService('m/:run', (_context, read) => read())]);
    const unknown = await app.fastify.inject({ method: 'POST', url: '/nope?x=1', payload: [] });
    expect([unknown.statusCode, unknown.json().error.code]).toEqual([404, 'CORE_ERR_HTTP_NOT_FOUND']);
    const malformed = await app.fastify.inject({ method: 'POST', url: '/m/%zz', payload: [] });
    expect([malformed.statusCode, malformed.json().error.code]).toEqual([400, 'CORE_ERR_HTTP_URL']);
    const long = await app.fastify.inject({ method: 'POST', url: `/m/${'x'.repeat(300)}`, payload: [] });
    expect([long.statusCode, long.json().error.code]).toEqual([414, 'CORE_ERR_HTTP_URL']);
  });

  it('stand under a prefix', async () => {
    const app = testApp([echo], { prefix: '/api/v1/' });
    expect((await app.fastify.inject({ method: 'POST', url: '/api/v1/echo', payload: [{ a: 1 }] })).statusCode).toBe(
      200,
    );
  });

  it('let hooks of the application apply, and keep its body parsers apart', async () => {
    const app = testApp([echo], {
      before(fastify) {
        fastify.addHook('onRequest', async (request, reply) => {
          reply.header('x-hook', 'ran');
          if (request.headers.authorization === 'none') return reply.code(401).send('who?');
        });
        fastify.post('/own', (request) => ({ got: request.body }));
      },
    });
    const good = await app.fastify.inject({ method: 'POST', url: '/echo', payload: [{ a: 1 }] });
    expect([good.statusCode, good.headers['x-hook']]).toEqual([200, 'ran']);
    const bad = await app.fastify.inject({
      method: 'POST',
      url: '/echo',
      payload: [],
      headers: { authorization: 'none' },
    });
    expect([bad.statusCode, bad.body]).toEqual([401, 'who?']);
    const own = await app.fastify.inject({ method: 'POST', url: '/own', payload: { x: 1 } });
    expect(own.json()).toEqual({ got: { x: 1 } });
  });
});

describe('requests that HTTP itself refuses', () => {
  const refused = async (send: string, limits: object): Promise<string> => {
    const app = testApp([echo], { limits });
    const client = new RawClient(await app.listen());
    client.socket.write(send);
    const text = await client.rest();
    client.socket.destroy();
    await app.fastify.close();
    return text;
  };

  it('are answered with 408 when headers or body come too slowly', async () => {
    const limits = { requestTimeoutMs: 50, checkIntervalMs: 10 };
    const slowBody =
      'POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n[{"a"';
    expect(await refused(slowBody, limits)).toMatch(/^HTTP\/1\.1 408 [\s\S]*CORE_ERR_HTTP_REQUEST/);
    expect(await refused('POST /echo HTTP/1.1\r\nhos', limits)).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('are answered with 431 when their headers are too large', async () => {
    const send = `POST /echo HTTP/1.1\r\nhost: x\r\nx-big: ${'y'.repeat(5000)}\r\n\r\n`;
    expect(await refused(send, { maxHeaderBytes: 4096 })).toMatch(/^HTTP\/1\.1 431 [\s\S]*CORE_ERR_HTTP_REQUEST/);
  });

  it('are answered with 400 when they are not HTTP', async () => {
    expect(await refused('hello\r\n\r\n', {})).toMatch(/^HTTP\/1\.1 400 [\s\S]*CORE_ERR_HTTP_REQUEST/);
  });
});
