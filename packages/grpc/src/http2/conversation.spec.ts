import { Duplex } from 'node:stream';
import {
  continuation,
  data,
  Flag,
  frame,
  grpcMessage,
  headerBlock,
  headers,
  indexedField,
  indexedLiteral,
  type HeaderPair,
  ManualClock,
  ping,
  PREFACE,
  priority,
  RawConnection,
  requestHeaders,
  resetStream,
  Setting,
  settings,
  settingsAck,
  windowUpdate,
} from '@witan-libs/testing';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { Serving } from '../server/serving.spec.support.js';

let serving: Serving;
afterEach(() => serving.stop());

const { END_STREAM, END_HEADERS, PADDED } = Flag;
const block = (path: string, more: readonly HeaderPair[] = []): Buffer => headerBlock(requestHeaders(path, more));

/** What a client may say that knows what it does: every kind of frame, and calls that end in every way. */
function conversation(): Buffer[] {
  const list = block('/t.Echo/Unary');
  const kept = Buffer.concat([
    headerBlock(requestHeaders('/t.Echo/Unary').slice(0, 5)),
    indexedLiteral(['te', 'trailers']),
  ]);
  const again = Buffer.concat([headerBlock(requestHeaders('/t.Echo/Unary').slice(0, 5)), indexedField(62)]);
  return [
    PREFACE,
    settings([
      [Setting.HEADER_TABLE_SIZE, 100],
      [Setting.MAX_FRAME_SIZE, 20_000],
    ]),
    settingsAck(),
    headers(1, list),
    data(1, grpcMessage(Buffer.from('one'))),
    ping(),
    data(1, Buffer.alloc(0), END_STREAM),
    headers(3, kept),
    data(
      3,
      Buffer.concat([Buffer.from([4]), grpcMessage(Buffer.from('padded')), Buffer.alloc(4)]),
      PADDED | END_STREAM,
    ),
    headers(5, again),
    data(5, grpcMessage(Buffer.alloc(9000, 5)), END_STREAM),
    priority(7),
    headers(7, block('/t.Echo/Stream')),
    data(7, Buffer.concat([grpcMessage(Buffer.from('a')), grpcMessage(Buffer.alloc(300, 7))])),
    headers(9, block('/t.Held/Unary')),
    resetStream(9),
    headers(11, list.subarray(0, 20), 0),
    continuation(11, list.subarray(20), END_HEADERS),
    data(11, Buffer.concat([Buffer.from([0]), grpcMessage(Buffer.from('eleven'))]), PADDED),
    data(11, Buffer.from([3, 0, 0, 0]), PADDED | END_STREAM),
    data(7, grpcMessage(Buffer.from('z'))),
    headers(7, headerBlock([['x-trailer', '1']]), END_HEADERS | END_STREAM),
    headers(13, block('/t.None/None'), END_HEADERS | END_STREAM),
    headers(15, block('/t.Echo/Unary', [['grpc-timeout', 'x']]), END_HEADERS | END_STREAM),
    windowUpdate(0, 100_000),
    frame(0x77, 0xff, 0, Buffer.alloc(20)),
  ];
}
const ANSWERED = [1, 3, 5, 7, 11, 13, 15];

async function answersOf(connection: RawConnection): Promise<unknown[]> {
  const answers = [];
  for (const id of ANSWERED) {
    const { status, messages, headers: lists } = await connection.over(id);
    answers.push([id, status, messages.map((message) => message.toString('latin1')), lists]);
  }
  expect(connection.faults).toEqual([]);
  return answers;
}

/** Lets the server read what was sent, by itself. */
const arrival = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a conversation', () => {
  it('has the same answers in any pieces', async () => {
    serving = await Serving.start();
    const all = Buffer.concat(conversation());
    const whole = await serving.connect({ preface: false, polite: false, giveBack: false });
    whole.send(all);
    const expected = await answersOf(whole);
    expect(expected.map((answer) => (answer as unknown[])[1])).toEqual([0, 0, 0, 0, 0, 12, 13]);
    await fc.assert(
      fc.asyncProperty(
        fc.infiniteStream(fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 3000 }))),
        async (sizes) => {
          const connection = await serving.connect({ preface: false, polite: false, giveBack: false });
          for (let at = 0; at < all.length;) {
            const end = Math.min(all.length, at + sizes.next().value!);
            await connection.sent(all.subarray(at, end));
            await arrival();
            at = end;
          }
          expect(await answersOf(connection)).toEqual(expected);
          connection.destroy();
        },
      ),
      { numRuns: 25 },
    );
  });

  it('that is changed anywhere ends in answers or in GOAWAY, and others do not notice', async () => {
    serving = await Serving.start();
    const other = await serving.connect();
    const frames = conversation();
    const mutation = fc.record({
      kind: fc.constantFrom('flip', 'drop', 'twice', 'swap', 'cut', 'noise'),
      index: fc.nat(frames.length - 1),
      at: fc.nat(5000),
      value: fc.integer({ min: 1, max: 255 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async (mutations) => {
        const changed = frames.map((one) => Buffer.from(one));
        for (const { kind, index, at, value } of mutations) {
          const one = changed[index]!;
          if (kind === 'flip' && one.length > 0) one[at % one.length]! ^= value;
          if (kind === 'drop') changed[index] = Buffer.alloc(0);
          if (kind === 'twice') changed[index] = Buffer.concat([one, one]);
          if (kind === 'swap') [changed[index], changed[at % changed.length]] = [changed[at % changed.length]!, one];
          if (kind === 'cut') changed[index] = one.subarray(0, at % (one.length + 1));
          if (kind === 'noise') changed[index] = Buffer.concat([one, Buffer.alloc(value, at)]);
        }
        const connection = await serving.connect({ preface: false, polite: false, giveBack: false });
        connection.send(...changed);
        connection.socket.end();
        await connection.closed();
        expect(connection.faults).toEqual([]);
        expect((await other.call('/t.Echo/Unary', Buffer.from('other'))).messages.map(String)).toEqual(['other']);
      }),
      { numRuns: 300 },
    );
  });
});

describe('what is rare', () => {
  it('a stream that was passed over is closed', async () => {
    serving = await Serving.start();
    const connection = await serving.connect();
    connection.send(headers(5, block('/t.Held/Unary')), data(3, Buffer.alloc(1)));
    expect((await connection.over(3)).reset).toBe(5);
  });

  it('padding that is longer than a frame in pieces', async () => {
    serving = await Serving.start();
    const connection = await serving.connect({ polite: false });
    const padded = data(1, Buffer.from([9, 1, 2, 3]), PADDED);
    await connection.sent(headers(1, block('/t.Held/Stream')), padded.subarray(0, 9));
    await serving.held.until(() => serving.held.streams.length === 1);
    connection.send(padded.subarray(9));
    await connection.until(() => connection.goaway !== undefined);
    expect(connection.goaway).toMatchObject({ code: 1 });
  });

  it('SETTINGS open the windows of calls that wait', async () => {
    serving = await Serving.start();
    const connection = await serving.connect({ settings: [[Setting.INITIAL_WINDOW_SIZE, 0]], giveBack: false });
    const id = connection.open('/t.Echo/Unary');
    connection.send(data(id, grpcMessage(Buffer.from('abc')), END_STREAM));
    const idle = connection.open('/t.Held/Stream');
    await connection.until(() => connection.stream(id).headers.length > 0);
    connection.sendSettings([[Setting.INITIAL_WINDOW_SIZE, 100]]);
    expect((await connection.over(id)).messages.map(String)).toEqual(['abc']);
    expect(connection.stream(idle).isOver).toBe(false);
  });

  it('a caller that keeps no table gets whole fields', async () => {
    serving = await Serving.start();
    const connection = await serving.connect({ settings: [[Setting.HEADER_TABLE_SIZE, 0]] });
    for (let count = 0; count < 3; count++) {
      const { headers: lists } = await connection.call('/t.Echo/Unary', Buffer.alloc(1));
      expect(lists).toEqual([{ ':status': '200', 'content-type': 'application/grpc' }, { 'grpc-status': '0' }]);
    }
  });

  it('larger frames are sent to a caller that takes them', async () => {
    serving = await Serving.start();
    const connection = await serving.connect({
      settings: [
        [Setting.MAX_FRAME_SIZE, 40_000],
        [Setting.INITIAL_WINDOW_SIZE, 2 ** 20],
      ],
    });
    const id = connection.open('/t.Held/Stream');
    await serving.held.until(() => serving.held.streams.length === 1);
    serving.held.streams[0]!.write(Buffer.alloc(39_995));
    await connection.until(() => connection.stream(id).dataBytes === 40_000);
    expect(connection.stream(id).chunks.map(({ length }) => length)).toEqual([40_000]);
  });

  it('a content-type or an encoding that stands there twice is none', async () => {
    serving = await Serving.start();
    const connection = await serving.connect();
    const type = connection.open('/t.Echo/Unary', [['content-type', 'application/grpc']], END_HEADERS | END_STREAM);
    expect((await connection.over(type)).headers[0]![':status']).toBe('415');
    const encoding = connection.open(
      '/t.Echo/Unary',
      [
        ['grpc-encoding', 'gzip'],
        ['grpc-encoding', 'gzip'],
      ],
      END_HEADERS | END_STREAM,
    );
    expect((await connection.over(encoding)).status).toBe(12);
  });

  it('an error within the server ends the connection, and says nothing of it', async () => {
    const clock = new ManualClock();
    clock.epochMs = () => {
      throw new Error('secret');
    };
    const told: unknown[] = [];
    serving = await Serving.start({ clock, onError: (error) => told.push((error as Error).message) });
    const connection = await serving.connect();
    connection.open('/t.Echo/Unary', [['grpc-timeout', '1S']]);
    await connection.until(() => connection.goaway !== undefined);
    expect(connection.goaway).toMatchObject({ code: 2, text: 'internal error' });
    expect(told).toEqual(['secret']);
  });

  it('answers of one turn that fill more than one buffer come in order', async () => {
    serving = await Serving.start();
    const connection = await serving.connect({ settings: [[Setting.INITIAL_WINDOW_SIZE, 2 ** 20]] });
    connection.send(windowUpdate(0, 2 ** 20));
    const ids = Array.from({ length: 30 }, () => connection.open('/t.Held/Unary'));
    connection.send(...ids.map((id) => data(id, grpcMessage(Buffer.from(String(id))), END_STREAM)));
    await serving.held.until(() => serving.held.unary.length === ids.length);
    for (const { call, message } of serving.held.unary) call.answer(Buffer.alloc(8000, message[0]));
    for (const id of ids) {
      expect((await connection.over(id)).messages[0]!.equals(Buffer.alloc(8000, String(id)[0]))).toBe(true);
    }
  });
});

/** A socket that gives one chunk larger than any that a system gives. */
class WideSocket extends Duplex {
  readonly written: Buffer[] = [];
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written.push(chunk);
    done();
  }
  setKeepAlive(): void {}
}

it('a caller that goes beyond the window of the connection is ended', async () => {
  serving = await Serving.start();
  const socket = new WideSocket();
  const inner = (serving.server as unknown as { server: { emit(event: string, socket: unknown): void } }).server;
  inner.emit('connection', socket);
  const frames = [1, 3, 5, 7, 9].flatMap((id) => [
    headers(id, block('/t.Held/Stream')),
    ...Array.from({ length: 14 }, () => data(id, grpcMessage(Buffer.alloc(16_379)))),
  ]);
  socket.push(Buffer.concat([PREFACE, settings(), ...frames]));
  await new Promise((resolve) => socket.once('finish', resolve));
  expect(Buffer.concat(socket.written).toString('latin1')).toContain("the connection's window is exceeded");
});
