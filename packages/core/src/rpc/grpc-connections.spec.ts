import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2, constants } from 'node:http2';
import { connect as connectSocket, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Frame } from '../frame/frame.js';
import type { Context } from '../handler/context.js';
import type { GrpcListener } from './grpc-listener.js';
import { definition, listening, messageTypes, runtime, TestClient } from './harness.spec.support.js';
import type { RpcOptions } from './rpc-options.js';

/** These options run on the clock of grpc-js: short times, and tests wait for what happens, never for time. */
const SHORT_MS = 50;
/** Enough for a call to begin before it is over, on a machine that is busy. */
const AGE_MS = 300;

let listener: GrpcListener | undefined;
const opened: (ClientHttp2Session | Socket)[] = [];

afterEach(() => {
  for (const connection of opened.splice(0)) connection.destroy();
  listener?.close();
});

const GOOD = { run: 'r', rows: [{ sepal_length: 1, petal_length: 2, name: 'a' }] };

/** A request behind the five bytes that gRPC puts before every message. */
const message = ((): Buffer => {
  const type = messageTypes([definition()])('iris.v1.IrisPredictRequest');
  const bytes = type.encode(type.fromObject(GOOD)).finish();
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
})();

/** Calls that the test holds until it lets them go. */
class Held {
  readonly begun: Promise<Context>;
  private begin!: (context: Context) => void;
  private readonly released: Promise<void>;
  release!: () => void;

  constructor() {
    this.begun = new Promise((resolve) => (this.begin = resolve));
    this.released = new Promise((resolve) => (this.release = resolve));
  }

  readonly handle = async (frame: Frame, context: Context): Promise<Frame> => {
    this.begin(context);
    await this.released;
    return frame;
  };
}

async function serve(options: RpcOptions, held = new Held()): Promise<{ port: number; held: Held }> {
  listener = await listening([runtime(held.handle)], { options: { host: '127.0.0.1', ...options } });
  return { port: listener.server.address!.port, held };
}

function connect(port: number): ClientHttp2Session {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  session.on('error', () => undefined);
  opened.push(session);
  return session;
}

/** `Predict` by hand; gives its `grpc-status`, or `undefined` when it ended without one. */
const predict = (session: ClientHttp2Session): Promise<number | undefined> => statusOf(request(session));

function request(session: ClientHttp2Session): ClientHttp2Stream {
  const headers = { 'content-type': 'application/grpc', te: 'trailers' };
  const stream = session.request({ ':method': 'POST', ':path': '/iris.v1.IrisService/Predict', ...headers });
  stream.end(message);
  return stream;
}

function statusOf(stream: ClientHttp2Stream): Promise<number | undefined> {
  return new Promise((resolve) => {
    let status: number | undefined;
    stream.on('trailers', (trailers) => (status = Number(trailers['grpc-status'])));
    stream.on('error', () => undefined);
    stream.on('close', () => resolve(status));
    stream.resume();
  });
}

describe('keepalive', () => {
  it('pings a connection again and again as long as it answers', async () => {
    const { port } = await serve({ keepaliveTimeMs: SHORT_MS });
    const session = connect(port);
    await once(session, 'ping');
    await once(session, 'ping');
    expect(session.closed).toBe(false);
  });

  it('closes a connection whose ping is not answered', async () => {
    const { port } = await serve({ keepaliveTimeMs: SHORT_MS, keepaliveTimeoutMs: SHORT_MS });
    const received: Buffer[] = [];
    const socket = connectSocket(port, '127.0.0.1');
    opened.push(socket);
    socket.on('error', () => undefined).on('data', (bytes) => received.push(bytes));
    // The preface and empty SETTINGS; and then nothing, whatever comes.
    socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frameOf(SETTINGS)]));
    await once(socket, 'close');
    expect(frameTypesOf(Buffer.concat(received))).toContain(PING);
  });
});

describe('the age of a connection', () => {
  it('asks the client to reconnect, and lets the call under way end', async () => {
    const { port, held } = await serve({ maxConnectionAgeMs: AGE_MS });
    const session = connect(port);
    const goaway = once(session, 'goaway');
    const call = predict(session);
    await held.begun;
    expect(await goaway).toEqual(expect.arrayContaining([constants.NGHTTP2_NO_ERROR]));
    const closed = once(session, 'close');
    held.release();
    expect(await call).toBe(0);
    await closed;
  });

  it('ends the call under way when its grace is over, and tells the handler', async () => {
    const { port, held } = await serve({ maxConnectionAgeMs: AGE_MS, maxConnectionAgeGraceMs: SHORT_MS });
    const call = predict(connect(port));
    const context = await held.begun;
    expect(await call).toBeUndefined();
    while (!context.aborted) await new Promise(setImmediate);
  });

  it('takes a new connection of the same client', async () => {
    const { port, held } = await serve({ maxConnectionAgeMs: AGE_MS });
    held.release();
    await once(connect(port), 'close');
    expect(await predict(connect(port))).toBe(0);
  });
});

describe('an idle connection', () => {
  it('is closed, while one with a call under way stays', async () => {
    const { port, held } = await serve({ maxConnectionIdleMs: AGE_MS });
    const busy = connect(port);
    const call = predict(busy);
    await held.begun;
    await once(connect(port), 'close');
    expect(busy.closed).toBe(false);
    held.release();
    expect(await call).toBe(0);
    await once(busy, 'close');
  });
});

describe('calls on one connection', () => {
  it('are as many at once as allowed; the next waits for its turn', async () => {
    const { port, held } = await serve({ maxConcurrentStreams: 1 });
    const session = connect(port);
    await once(session, 'remoteSettings');
    expect(session.remoteSettings.maxConcurrentStreams).toBe(1);
    const calls = [predict(session), predict(session)];
    await held.begun;
    held.release();
    expect(await Promise.all(calls)).toEqual([0, 0]);
  });
});

describe('a client that cancels many calls', () => {
  it('is asked to reconnect before Node breaks its connection, so that its other calls are answered', async () => {
    const { port, held } = await serve({});
    const session = connect(port);
    const goaway = once(session, 'goaway');
    const call = predict(session);
    await held.begun;
    for (let cancelled = 0; cancelled < 1500 && !session.closed; cancelled++) {
      const stream = request(session).on('error', () => undefined);
      stream.close(constants.NGHTTP2_CANCEL);
      await once(stream, 'close');
    }
    expect((await goaway)[0]).toBe(constants.NGHTTP2_NO_ERROR);
    held.release();
    expect(await call).toBe(0);
    expect(await predict(connect(port))).toBe(0);
  });

  it('notices nothing of it when it is a gRPC client', async () => {
    const { port, held } = await serve({});
    const client = new TestClient(`127.0.0.1:${port}`);
    const row = client.encode(GOOD);
    const first = client.predict(row);
    await held.begun;
    for (let cancelled = 0; cancelled < 1500; cancelled++) {
      const call = client.stream();
      await new Promise((resolve) => {
        call.on('error', resolve).write(row, () => call.cancel());
      });
    }
    held.release();
    const outcomes = await Promise.all([first, client.predict(row)]);
    client.close();
    expect(outcomes.map(({ error }) => error?.message)).toEqual([undefined, undefined]);
  });
});

it.each([
  ['keepaliveTimeMs', 'keepalive_time_ms'],
  ['keepaliveTimeoutMs', 'keepalive_timeout_ms'],
  ['maxConnectionAgeMs', 'max_connection_age_ms'],
  ['maxConnectionAgeGraceMs', 'max_connection_age_grace_ms'],
  ['maxConnectionIdleMs', 'max_connection_idle_ms'],
])('%s of 0 is refused at boot', async (option, name) => {
  await expect(serve({ [option]: 0 })).rejects.toMatchObject({
    code: 'CORE_ERR_GRPC_OPTION',
    message: expect.stringMatching(`${name}|${option}`),
  });
});

const SETTINGS = 4;
const PING = 6;
const FRAME_HEADER_BYTES = 9;

function frameOf(type: number): Buffer {
  const frame = Buffer.alloc(FRAME_HEADER_BYTES);
  frame[3] = type;
  return frame;
}

function frameTypesOf(bytes: Buffer): number[] {
  const types: number[] = [];
  for (let at = 0; at + FRAME_HEADER_BYTES <= bytes.length; at += FRAME_HEADER_BYTES + bytes.readUIntBE(at, 3))
    types.push(bytes[at + 3]!);
  return types;
}
