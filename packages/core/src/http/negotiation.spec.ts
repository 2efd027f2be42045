import { gzipSync, brotliCompressSync, deflateSync, gunzipSync } from 'node:zlib';
import * as zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodeArrowStream, encodeArrowStream, Frame } from '../frame/index.js';
import { Answer } from '../handler/answer.js';
import { echo, RawClient, testApp, type TestAppParts, testService } from './harness.spec.support.js';

const ARROW = 'application/vnd.apache.arrow.stream';
const frame = Frame.fromRecords([
  { a: 1, b: 'x' },
  { a: 2, b: 'y' },
]);
const RECORDS = '[{"a":1,"b":"x"},{"a":2,"b":"y"}]';

function send(payload: string | Uint8Array, headers: Record<string, string> = {}, parts: TestAppParts = {}) {
  const app = testApp([echo], parts);
  return app.fastify.inject({
    method: 'POST',
    url: '/echo',
    headers: { 'content-type': 'application/json', 'x-request-id': 'r1', ...headers },
    payload: typeof payload === 'string' ? payload : Buffer.from(payload),
  });
}

describe('request and answer forms', () => {
  it.each([
    ['an array', RECORDS, `{"id":"r1","records":${RECORDS}}`],
    ['records', `{"records":${RECORDS}}`, `{"id":"r1","records":${RECORDS}}`],
    ['columns', '{"columns":{"a":[1,2],"b":["x","y"]}}', '{"id":"r1","columns":{"a":[1,2],"b":["x","y"]}}'],
  ])('mirror the request: %s', async (_, body, expected) => {
    const answer = await send(body);
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    expect(answer.body).toBe(expected);
  });

  it('mirror Arrow, with the id in the header', async () => {
    const answer = await send(encodeArrowStream(frame), { 'content-type': ARROW });
    expect(answer.headers).toMatchObject({ 'content-type': ARROW, 'x-request-id': 'r1' });
    expect(Frame.equals(decodeArrowStream(answer.rawPayload), frame)).toBe(true);
  });

  it.each([
    ['application/json; charset=UTF-8'],
    ['application/vnd.example+json'],
    ['Application/JSON;charset="utf-8"'],
  ])('read %s as JSON', async (type) => {
    expect((await send(RECORDS, { 'content-type': type })).statusCode).toBe(200);
  });

  it('read a body without a content type as JSON', async () => {
    const app = testApp([echo]);
    const client = new RawClient(await app.listen());
    client.socket.end(`POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: ${RECORDS.length}\r\n\r\n${RECORDS}`);
    expect(await client.rest()).toContain(`"records":${RECORDS}`);
    await app.fastify.close();
  });

  it.each([
    ['application/x-www-form-urlencoded', 'content type'],
    ['text/plain', 'content type'],
    ['application/json; charset=utf-16', 'charset'],
    ['application/vnd.apache.arrow.file', 'content type'],
    ['nonsense', 'media type'],
  ])('refuse %s with 415', async (type, text) => {
    const answer = await send(RECORDS, { 'content-type': type });
    expect([answer.statusCode, answer.json().error.code]).toEqual([415, 'CORE_ERR_HTTP_CONTENT_TYPE']);
    expect(answer.json().error.message).toContain(text);
  });

  it('leave other types to handlers that take the body raw', async () => {
    const app = testApp([
      testService('image', ({ raw }) => new Answer({ body: `${raw.contentType} ${raw.body.length}` })),
    ]);
    const answer = await app.fastify.inject({
      method: 'POST',
      url: '/image',
      headers: { 'content-type': 'image/png' },
      payload: Buffer.alloc(9),
    });
    expect(answer.body).toBe('image/png 9');
  });

  it.each([
    ['*/*', 'json'],
    ['application/*', 'json'],
    ['text/html, application/json;q=0.9, */*;q=0.1', 'json'],
    [ARROW, 'arrow'],
    [`application/json;q=0.5, ${ARROW}`, 'arrow'],
    [`*/*, ${ARROW}`, 'arrow'],
    ['application/json;q=0, */*', 'arrow'],
    ['application/x-ndjson', 'ndjson'],
    ['text/event-stream, */*', 'sse'],
    ['text/*', 'sse'],
  ])('answer accept: %s in %s', async (accept, form) => {
    const answer = await send(RECORDS, { accept });
    const types = { json: 'application/json', arrow: ARROW, ndjson: 'application/x-ndjson', sse: 'text/event-stream' };
    expect(String(answer.headers['content-type']).split(';')[0]).toBe(types[form as keyof typeof types]);
  });

  it('answer JSON to an Arrow request that asks for it, and lines and events for a single Frame', async () => {
    const arrow = encodeArrowStream(frame);
    const json = await send(arrow, { 'content-type': ARROW, accept: 'application/json' });
    expect(json.body).toBe(`{"id":"r1","records":${RECORDS}}`);
    expect((await send(RECORDS, { accept: 'application/x-ndjson' })).body).toBe('{"a":1,"b":"x"}\n{"a":2,"b":"y"}\n');
    expect((await send(RECORDS, { accept: 'text/event-stream' })).body).toBe(
      `event: frame\ndata: ${RECORDS}\n\nevent: end\ndata: {"id":"r1"}\n\n`,
    );
  });

  it.each(['text/html', 'application/xml;q=1', '*/*;q=0'])(
    'refuse accept: %s with 406, before the service runs',
    async (accept) => {
      const seen: string[] = [];
      const app = testApp([testService('m', (_context, read) => (read(), seen.push('ran'), frame))]);
      const answer = await app.fastify.inject({ method: 'POST', url: '/m', headers: { accept }, payload: [{ a: 1 }] });
      expect([answer.statusCode, answer.json().error.code, seen]).toEqual([406, 'CORE_ERR_HTTP_NOT_ACCEPTABLE', []]);
    },
  );

  it('stream as Arrow when asked', async () => {
    const app = testApp([
      testService('s', () =>
        (async function* () {
          yield frame;
          yield frame;
        })(),
      ),
    ]);
    const answer = await app.fastify.inject({ method: 'POST', url: '/s', headers: { accept: ARROW } });
    expect(Frame.equals(decodeArrowStream(answer.rawPayload), Frame.concat([frame, frame]))).toBe(true);
  });

  it('cut an Arrow stream off when it fails, so that no reader takes it for whole', async () => {
    const app = testApp([
      testService('s', () =>
        (async function* () {
          yield frame;
          throw new Error('no more');
        })(),
      ),
    ]);
    const client = new RawClient(await app.listen());
    client.post('/s', '', { accept: ARROW });
    expect(await client.rest()).not.toMatch(/\r\n0\r\n\r\n$/);
    await app.fastify.close();
  });
});

describe('compression', () => {
  const many = JSON.stringify(Array.from({ length: 200 }, (_, a) => ({ a })));

  it.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['GZIP', gzipSync],
  ])('reads %s bodies', async (encoding, compress) => {
    const answer = await send(compress(RECORDS), { 'content-encoding': encoding });
    expect(answer.json()).toEqual({ id: 'r1', records: JSON.parse(RECORDS) });
  });

  it.runIf('zstdCompressSync' in zlib)('reads and writes zstd where zlib has it', async () => {
    const { zstdCompressSync, zstdDecompressSync } = zlib as unknown as Record<string, (bytes: Uint8Array) => Buffer>;
    const sent = zstdCompressSync!(Buffer.from(many));
    const answer = await send(sent, { 'content-encoding': 'zstd', 'accept-encoding': 'gzip, zstd' });
    expect(answer.headers['content-encoding']).toBe('zstd');
    expect(JSON.parse(zstdDecompressSync!(answer.rawPayload).toString()).records).toHaveLength(200);
    const bomb = zstdCompressSync!(Buffer.alloc(10_000_000, ' '));
    expect((await send(bomb, { 'content-encoding': 'zstd' }, { bodyLimitBytes: 1_000_000 })).statusCode).toBe(413);
  });

  it.each(['compress', 'gzip, br'])('refuses content-encoding: %s with 415', async (encoding) => {
    const answer = await send(RECORDS, { 'content-encoding': encoding });
    expect([answer.statusCode, answer.json().error.code]).toEqual([415, 'CORE_ERR_HTTP_CONTENT_ENCODING']);
    expect(answer.headers['accept-encoding']).toMatch(/^gzip, deflate, br/);
  });

  it('refuses what does not decompress, or ends early, with 400', async () => {
    for (const body of [Buffer.from(RECORDS), gzipSync(RECORDS).subarray(0, 20)]) {
      const answer = await send(body, { 'content-encoding': 'gzip' });
      expect([answer.statusCode, answer.json().error.code]).toEqual([400, 'CORE_ERR_HTTP_BODY']);
    }
  });

  it('stops at the limit: a bomb is a body that is too large', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000, ' '));
    const answer = await send(bomb, { 'content-encoding': 'gzip' }, { bodyLimitBytes: 1_000_000 });
    expect([answer.statusCode, answer.json().error.code]).toEqual([413, 'CORE_ERR_HTTP_BODY_TOO_LARGE']);
    expect(answer.json().error.message).toContain('1000000 bytes');
  });

  it('refuses a body that is too large as sent, with or without its length', async () => {
    const large = `[${' '.repeat(2000)}]`;
    const told = await send(large, {}, { bodyLimitBytes: 1000 });
    expect([told.statusCode, told.json().error.details]).toEqual([413, { limitBytes: 1000 }]);
    const app = testApp([echo], { bodyLimitBytes: 1000 });
    const client = new RawClient(await app.listen());
    client.socket.write(
      `POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n7d2\r\n${large}\r\n`,
    );
    expect(await client.rest()).toMatch(/^HTTP\/1\.1 413 [\s\S]*CORE_ERR_HTTP_BODY_TOO_LARGE/);
    await app.fastify.close();
  });

  it('compresses large answers if asked', async () => {
    const answer = await send(many, { 'accept-encoding': 'gzip, deflate' });
    expect(answer.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding' });
    expect(JSON.parse(gunzipSync(answer.rawPayload).toString()).records).toHaveLength(200);
  });

  it.each([
    ['not asked', many, {}],
    ['small', RECORDS, { 'accept-encoding': 'gzip' }],
    ['refused', many, { 'accept-encoding': 'gzip;q=0, identity' }],
    ['of another kind', many, { 'accept-encoding': 'compress' }],
  ])('does not compress when it is %s', async (_, body, headers) => {
    expect((await send(body, headers)).headers['content-encoding']).toBeUndefined();
  });

  it('can be switched off', async () => {
    const answer = await send(many, { 'accept-encoding': 'gzip' }, { compression: false });
    expect(answer.headers['content-encoding']).toBeUndefined();
  });
});
