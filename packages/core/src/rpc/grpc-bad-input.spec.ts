import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { Metadata, status } from '@grpc/grpc-js';
import { ManualClock } from '@witan-libs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { encodeArrowStream, Frame } from '../frame/index.js';
import type { Context } from '../handler/context.js';
import type { GrpcListener } from './grpc-listener.js';
import { column, definition, type Handle, listening, runtime, schema, TestClient } from './harness.spec.support.js';

let listener: GrpcListener | undefined;
let client: TestClient | undefined;
let session: ClientHttp2Session | undefined;

async function serve(handle?: Handle, more: object = {}): Promise<TestClient> {
  listener = await listening([runtime(handle)], more);
  return (client = new TestClient(listener.server.address!.text));
}

afterEach(() => {
  session?.destroy();
  client?.close();
  listener?.close();
});

const ROW = { sepal_length: 1, petal_length: 2, name: 'a' };

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** A call by hand: headers, and whatever bytes. */
function openCall(
  path = '/iris.v1.IrisService/Predict',
  headers: object = {},
): {
  request: ReturnType<ClientHttp2Session['request']>;
  trailers: Promise<Record<string, unknown>>;
} {
  session = connect(`http://${listener!.server.address!.text}`);
  session.on('error', () => undefined);
  const request = session.request(
    { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...headers },
    { endStream: false },
  );
  const trailers = new Promise<Record<string, unknown>>((resolve) => {
    request.on('response', (headers) => 'grpc-status' in headers && resolve(headers));
    request.on('trailers', resolve);
    request.on('error', () => undefined);
  });
  return { request, trailers };
}

describe('bad neighbours over gRPC', () => {
  it('answers 63 good requests beside a bad one, 20 times over', async () => {
    const target = await serve();
    const bad = [
      Buffer.from([0xff]),
      target.encode({ run: 'r', rows: [{}] }),
      target.encode({ run: 'r' }),
      target.encode({ rows: [ROW] }),
    ];
    let answered = 0;
    for (let round = 0; round < 20; round++) {
      const good = Array.from({ length: 63 }, (_, i) =>
        target.predict({ run: 'r', rows: [{ ...ROW, sepal_length: i }] }),
      );
      const refused = target.predict(bad[round % bad.length]!);
      for (const [i, { answer }] of (await Promise.all(good)).entries()) {
        expect(answer).toEqual({ rows: [{ ...ROW, sepal_length: i }] });
        answered++;
      }
      expect((await refused).error!.code).toBe(status.INVALID_ARGUMENT);
    }
    expect(answered).toBe(1260);
  });
});

describe('what bad input gets over gRPC', () => {
  it('ends a request whose body trickles in, after the time limit', async () => {
    const clock = new ManualClock();
    await serve(undefined, { clock });
    const { request, trailers } = openCall();
    request.write(Buffer.from([0, 0, 0]));
    // A connection may have less time to begin: it has begun by the answer to its ping.
    await once(session!, 'remoteSettings');
    await new Promise((resolve) => session!.ping(resolve));
    let ended = false;
    void trailers.then(() => (ended = true));
    // The call may reach the server after any of these turns of the clock.
    await until(() => (clock.advance(30_000), ended));
    expect(await trailers).toMatchObject({ 'grpc-status': '4', 'grpc-message': expect.stringContaining('30000') });
  });

  it('leaves a request alone that arrived in time', async () => {
    const clock = new ManualClock();
    let finish: (() => void) | undefined;
    const target = await serve((frame) => new Promise((resolve) => (finish = () => resolve(frame))), { clock });
    const answered = target.predict({ run: 'r', rows: [ROW] });
    await until(() => finish !== undefined);
    clock.advance(60_000);
    finish!();
    expect((await answered).answer).toEqual({ rows: [ROW] });
  });

  it('refuses a request without a message', async () => {
    await serve();
    const { request, trailers } = openCall();
    request.end();
    expect(Number((await trailers)['grpc-status'])).toBe(status.UNIMPLEMENTED);
  });

  it('is not harmed by a caller that goes away in the middle of a message, or while it is worked on', async () => {
    const contexts: Context[] = [];
    const target = await serve(
      (frame, context) => (contexts.push(context), contexts.length === 1 ? new Promise(() => undefined) : frame),
    );
    openCall().request.write(Buffer.from([0, 0, 0, 1, 0, 1, 2, 3]));
    session!.destroy();
    const leaving = new TestClient(listener!.server.address!.text, definition(), undefined, {
      'grpc.use_local_subchannel_pool': 1,
    });
    void leaving.predict({ run: 'r', rows: [ROW] });
    await until(() => contexts.length === 1);
    leaving.close();
    openCall().request.close();
    expect((await target.predict({ run: 'r', rows: [ROW] })).answer).toEqual({ rows: [ROW] });
  });

  it('does not work on a request whose deadline has passed', async () => {
    const target = await serve();
    const { error } = await target.predict({ run: 'r', rows: [ROW] }, new Metadata(), { deadline: Date.now() - 1000 });
    expect(error!.code).toBe(status.DEADLINE_EXCEEDED);
  });

  it('does not run what arrives with its deadline over', async () => {
    let runs = 0;
    await serve((frame) => (runs++, frame));
    // grpc-js's own client would not send it.
    const { request, trailers } = openCall(undefined, { 'grpc-timeout': '0m' });
    const message = client!.encode({ run: 'r', rows: [ROW] });
    request.end(Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]));
    expect(Number((await trailers)['grpc-status'])).toBe(status.DEADLINE_EXCEEDED);
    expect(runs).toBe(0);
  });

  it('answers zero rows with zero rows', async () => {
    const target = await serve();
    expect((await target.predict({ run: 'r', columns: {} })).answer).toEqual({ columns: { row_count: 0 } });
  });

  it('answers a hundred thousand rows, and refuses a million and one', async () => {
    const spec = schema('One', [column('x', 'u8', { nullable: true })]);
    listener = await listening([runtime((frame) => frame, { input: spec, output: spec, params: [] })]);
    client = new TestClient(listener.server.address!.text, definition({ input: spec, output: spec, params: [] }));
    const rows = (count: number) => Buffer.alloc(count * 3, Buffer.from([0x82, 0x01, 0]));
    expect((await client.predict(rows(100_000))).answer!.rows).toHaveLength(100_000);
    expect((await client.predict(rows(1_000_001))).error).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringContaining('the limit is 1000000'),
    });
  });

  it('skips fields that the schema does not have', async () => {
    const target = await serve();
    const more = definition({ input: schema('More', [...definition().input!.columns, column('extra', 'utf8')]) });
    const foreign = new TestClient(listener!.server.address!.text, more);
    const bytes = foreign.encode({ run: 'r', rows: [{ ...ROW, extra: 'x' }] });
    foreign.close();
    expect((await target.predict(bytes)).answer).toEqual({ rows: [ROW] });
  });

  it('refuses what has no one type, or too many columns, in an untyped request', async () => {
    const untyped = definition({ input: undefined, output: undefined, params: [] });
    listener = await listening([runtime((frame) => frame, untyped)]);
    client = new TestClient(listener.server.address!.text, untyped);
    const number = Buffer.from([0x11, 0, 0, 0, 0, 0, 0, 0, 0]);
    const mixed = [struct([['a', number]]), struct([['a', Buffer.from([0x20, 1])]])];
    expect((await client.predict(Buffer.concat(mixed))).error).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining("row 1 of column 'a'"),
    });
    const wide = Array.from({ length: 4097 }, (_, i): [string, Buffer] => [`k${i}`, number]);
    expect((await client.predict(struct(wide))).error).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringContaining('4097 columns'),
    });
    const ragged = Array.from({ length: 4000 }, (_, i) => struct([[`k${i}`, number]]));
    const empty = Array.from({ length: 5000 }, () => struct([]));
    expect((await client.predict(Buffer.concat([...ragged, ...empty]))).error).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringContaining('36000000 cells for 4000 values'),
    });
  });

  it.each([
    ['garbage', Buffer.from('ARROW1 not a stream'), 'Arrow IPC file'],
    ['cut short', Buffer.from(encodeArrowStream(Frame.fromRecords([ROW]))).subarray(0, 300), 'malformed Arrow stream'],
    [
      'of another dtype',
      encodeArrowStream(Frame.fromRecords([{ sepalLength: 'x', petalLength: 1, name: 'a' }])),
      'sepalLength is utf8',
    ],
    ['without a column', encodeArrowStream(Frame.fromRecords([{ name: 'a' }])), 'sepalLength is missing'],
  ])('refuses Arrow that is %s', async (_, arrow, text) => {
    const target = await serve();
    expect((await target.predict({ run: 'r', arrow })).error).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining(text),
    });
    expect((await target.predict({ run: 'r', rows: [ROW] })).answer).toEqual({ rows: [ROW] });
  });

  it('lets the last of duplicate fields win, and knows __proto__ as a mere name', async () => {
    const untyped = definition({ input: undefined, output: undefined, params: [] });
    listener = await listening([runtime((frame) => frame, untyped)]);
    client = new TestClient(listener.server.address!.text, untyped);
    const flag = (value: number): Buffer => Buffer.from([0x20, value]);
    const bytes = struct([
      ['a', flag(0)],
      ['__proto__', flag(1)],
      ['a', flag(1)],
    ]);
    // The answer is the same Struct, with each key once.
    expect((await client.unary('/iris.v1.IrisService/Predict', bytes)).bytes).toEqual(
      struct([
        ['a', flag(1)],
        ['__proto__', flag(1)],
      ]),
    );
  });

  it('ends what does not decompress, or grows too large, and answers the next', async () => {
    const target = await serve(undefined, { options: { host: '127.0.0.1', maxReceiveMessageBytes: 100_000 } });
    const cases: [Buffer, number][] = [
      [Buffer.from('nope'), status.INTERNAL],
      [gzipSync(Buffer.alloc(1_000_000)), status.RESOURCE_EXHAUSTED],
    ];
    for (const [body, code] of cases) {
      const { request, trailers } = openCall(undefined, { 'grpc-encoding': 'gzip' });
      const head = Buffer.from([1, 0, 0, 0, 0]);
      head.writeUInt32BE(body.length, 1);
      request.end(Buffer.concat([head, body]));
      expect(Number((await trailers)['grpc-status'])).toBe(code);
      session!.destroy();
    }
    expect((await target.predict({ run: 'r', rows: [ROW] })).answer).toEqual({ rows: [ROW] });
  });

  it('refuses too many rows as Arrow too', async () => {
    const target = await serve(undefined, { options: { host: '127.0.0.1', maxRows: 2 } });
    const arrow = encodeArrowStream(Frame.fromRecords([ROW, ROW, ROW]));
    expect((await target.predict({ run: 'r', arrow })).error).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringContaining('more than 2 rows'),
    });
  });

  it('refuses text nested a hundred deep in an untyped request', async () => {
    const untyped = definition({ input: undefined, output: undefined, params: [] });
    listener = await listening([runtime((frame) => frame, untyped)]);
    client = new TestClient(listener.server.address!.text, untyped);
    let value: Buffer = Buffer.from([8, 0]);
    for (let depth = 0; depth < 100; depth++) {
      value = block(0x32, block(0x0a, value));
    }
    const entry = Buffer.concat([Buffer.from([0x0a, 1, 0x61]), block(0x12, value)]);
    const { error } = await client.predict(
      Buffer.concat([Buffer.from([0x82, 0x01]), length(block(0x0a, entry).length), block(0x0a, entry)]),
    );
    expect(error).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining('nested more than 32 deep'),
    });
  });
});

/** A row of an untyped request: a Struct of these entries. */
function struct(entries: readonly (readonly [string, Buffer])[]): Buffer {
  const body = entries.map(([key, value]) =>
    block(0x0a, Buffer.concat([block(0x0a, Buffer.from(key)), block(0x12, value)])),
  );
  const bytes = Buffer.concat(body);
  return Buffer.concat([Buffer.from([0x82, 0x01]), length(bytes.length), bytes]);
}

function length(count: number): Buffer {
  return count < 128 ? Buffer.from([count]) : Buffer.concat([Buffer.from([(count & 127) | 128]), length(count >> 7)]);
}

function block(tag: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag]), length(body.length), body]);
}
