import { deflateSync, gzipSync } from 'node:zlib';
import { ManualClock } from '@witan/core/testing';
import { expect, it } from 'vitest';
import { data, Flag, grpcMessage, Setting } from '../http2/frames.js';
import type { HeaderPair } from '../http2/hpack.js';
import type { RawConnection, RawStream } from '../http2/raw-connection.js';
import { echoStream, echoUnary, type RpcSuite, unary } from './suite.js';
import { path, until } from './stage.js';

const RESOURCE_EXHAUSTED = 8;
const MIB = 1024 * 1024;

/** How large, how long, and how packed messages may be. */
export function limitsContract({ stage, lacks }: RpcSuite): void {
  it('takes and gives 16 MiB', async () => {
    await stage().serve({ Echo: echoUnary }, { maxReceiveMessageBytes: 16 * MIB });
    const large = Buffer.alloc(16 * MIB, 'large');
    const { code, answer } = await stage().grpc().unary(path('Echo'), large);
    expect([code, answer?.equals(large)]).toEqual([0, true]);
  });

  it('takes messages up to the limit, and none above, without running them', async () => {
    let ran = 0;
    const counted = unary((call, message) => (ran++, call.answer(Buffer.from(message))));
    await stage().serve({ Echo: counted, Stream: echoStream }, { maxReceiveMessageBytes: 1000 });
    const caller = stage().grpc();
    expect((await caller.unary(path('Echo'), Buffer.alloc(1000))).code).toBe(0);
    const refused = await caller.unary(path('Echo'), Buffer.alloc(1001));
    expect([refused.code, ran]).toEqual([RESOURCE_EXHAUSTED, 1]);
    expect(refused.details).toContain('1000');
    const call = caller.stream(path('Stream'));
    call.write(Buffer.alloc(1000));
    call.write(Buffer.alloc(1001));
    expect([(await call.ended).code, call.received.length <= 1]).toEqual([RESOURCE_EXHAUSTED, true]);
    expect((await caller.unary(path('Echo'), Buffer.alloc(10))).code).toBe(0);
  });

  it('refuses a message by the size that it declares, before it is there', async () => {
    await stage().serve({ Echo: echoUnary }, { maxReceiveMessageBytes: 1000 });
    const connection = await stage().raw();
    const id = connection.open(path('Echo'));
    connection.send(data(id, Buffer.from([0, 255, 255, 255, 255, 1])));
    expect((await connection.over(id)).status).toBe(RESOURCE_EXHAUSTED);
    expect((await connection.call(path('Echo'), Buffer.from('x'))).status).toBe(0);
  });

  it('ends a call whose message is not there in time, and no other', async () => {
    const clock = new ManualClock();
    await stage().serve({ Echo: echoUnary, Stream: echoStream }, { requestTimeoutMs: 5000 }, clock);
    const connection = await stage().raw();
    const stream = connection.open(path('Stream'));
    connection.send(data(stream, grpcMessage(Buffer.from('one'))));
    await connection.until(() => connection.stream(stream).messages.length === 1);
    const slow = connection.open(path('Echo'));
    connection.send(data(slow, Buffer.from([0, 0, 0])));
    await until(() => (clock.advance(5000), connection.stream(slow).isOver));
    expect(connection.stream(slow).status).toBe(4);
    expect(connection.stream(slow).statusMessage).toContain('5000');
    connection.send(data(stream, grpcMessage(Buffer.from('two')), Flag.END_STREAM));
    expect((await connection.over(stream)).messages.map(String)).toEqual(['one', 'two']);
  });

  it('announces how many calls a connection may have', async () => {
    await stage().serve({ Echo: echoUnary }, { maxConcurrentStreams: 7 });
    const connection = await stage().raw();
    await connection.call(path('Echo'), Buffer.alloc(0));
    expect(connection.serverSettings.get(Setting.MAX_CONCURRENT_STREAMS)).toBe(7);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ] as const)('reads messages in %s, and plain ones beside them', async (encoding, pack) => {
    await stage().serve({ Echo: echoUnary, Stream: echoStream });
    const connection = await stage().raw();
    const text = Buffer.from('compressed '.repeat(5000));
    const header: HeaderPair[] = [['grpc-encoding', encoding]];
    const one = await packed(connection, path('Echo'), header, [grpcMessage(pack(text), 1)]);
    expect([one.status, unpacked(one)]).toEqual([0, [text.toString()]]);
    const mixed = [
      grpcMessage(pack(text), 1),
      grpcMessage(Buffer.from('plain')),
      grpcMessage(pack(Buffer.alloc(0)), 1),
    ];
    const many = await packed(connection, path('Stream'), header, mixed);
    expect([many.status, unpacked(many)]).toEqual([0, [text.toString(), 'plain', '']]);
  });

  it('takes identity for what it is', async () => {
    await stage().serve({ Echo: echoUnary });
    const connection = await stage().raw();
    const body = [grpcMessage(Buffer.from('plain'))];
    const answer = await packed(connection, path('Echo'), [['grpc-encoding', 'identity']], body);
    expect([answer.status, unpacked(answer)]).toEqual([0, ['plain']]);
  });

  it('refuses an encoding that it does not know, and says which it does', async (context) => {
    await stage().serve({ Echo: echoUnary });
    const connection = await stage().raw();
    const body = [grpcMessage(Buffer.from('?'), 1)];
    const answer = await packed(connection, path('Echo'), [['grpc-encoding', 'snappy']], body);
    expect(answer.status).toBe(12);
    if (lacks.namesEncodings) context.skip(lacks.namesEncodings);
    expect(answer.headers.find((each) => 'grpc-accept-encoding' in each)?.['grpc-accept-encoding']).toMatch(/gzip/);
  });

  it.for([
    ['says compressed but names no encoding', [], Buffer.from('x')],
    ['is no gzip', [['grpc-encoding', 'gzip']], Buffer.from('no gzip at all')],
    ['is cut off', [['grpc-encoding', 'gzip']], gzipSync(Buffer.alloc(100_000, 'abc')).subarray(0, 60)],
    ['is no deflate', [['grpc-encoding', 'deflate']], Buffer.from('no deflate')],
  ] as [string, HeaderPair[], Buffer][])(
    'refuses a message that %s, and answers the next',
    async ([, header, bytes], context) => {
      if (header.length === 0 && lacks.compressedFlag) context.skip(lacks.compressedFlag);
      await stage().serve({ Echo: echoUnary, Stream: echoStream });
      const connection = await stage().raw();
      for (const method of ['Echo', 'Stream']) {
        const { status, messages } = await packed(connection, path(method), header, [grpcMessage(bytes, 1)]);
        expect([[13, 3].includes(status!), messages]).toEqual([true, []]);
      }
      expect((await connection.call(path('Echo'), Buffer.from('x'))).status).toBe(0);
    },
  );

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ] as const)('refuses a %s message that unfolds beyond the limit', async (encoding, pack) => {
    await stage().serve({ Echo: echoUnary, Stream: echoStream }, { maxReceiveMessageBytes: 100_000 });
    const connection = await stage().raw();
    const header: HeaderPair[] = [['grpc-encoding', encoding]];
    for (const method of ['Echo', 'Stream']) {
      const body = [grpcMessage(pack(Buffer.alloc(50 * MIB)), 1)];
      expect((await packed(connection, path(method), header, body)).status).toBe(RESOURCE_EXHAUSTED);
      const exact = [grpcMessage(pack(Buffer.alloc(100_000)), 1)];
      expect((await packed(connection, path(method), header, exact)).status).toBe(0);
    }
  });
}

function packed(
  connection: RawConnection,
  path: string,
  header: readonly HeaderPair[],
  messages: readonly Buffer[],
): Promise<RawStream> {
  const id = connection.open(path, header);
  const body = Buffer.concat(messages);
  // Frames as large as every server must take.
  for (let at = 0; at < body.length; at += 16_384) connection.send(data(id, body.subarray(at, at + 16_384)));
  connection.send(data(id, Buffer.alloc(0), Flag.END_STREAM));
  return connection.over(id);
}

/** The client said nothing of encodings: the answers must be plain. */
function unpacked({ messages, body }: RawStream): string[] {
  for (let at = 0; at < body.length; at += 5 + body.readUInt32BE(at + 1)) expect(body[at]).toBe(0);
  return messages.map(String);
}
