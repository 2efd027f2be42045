import { Metadata } from '@grpc/grpc-js';
import type { RpcUnaryCall } from '@witan/core';
import { expect, it } from 'vitest';
import { data, Flag, grpcMessage } from '../http2/frames.js';
import type { HeaderPair } from '../http2/hpack.js';
import { echoUnary, type RpcSuite, stream, unary } from './suite.js';
import { path } from './stage.js';

const BYTES = Buffer.from([0, 1, 2, 250, 255]);

/** Metadata of requests, and of answers. */
export function metadataContract({ stage }: RpcSuite): void {
  /** What a method saw of one call with these headers. */
  async function seenBy<T>(look: (call: RpcUnaryCall) => T, more: readonly HeaderPair[]): Promise<T> {
    let seen!: T;
    await stage().serve({ Look: unary((call) => ((seen = look(call)), call.answer(Buffer.alloc(0)))) });
    const connection = await stage().raw();
    expect((await connection.call(path('Look'), Buffer.alloc(0), more)).status).toBe(0);
    return seen;
  }

  it('gives a text as it was sent, and none for a name that was not', async () => {
    const look = (call: RpcUnaryCall): unknown =>
      ['x-one', 'x-empty', 'x-none', '__proto__'].map((n) => call.header(n));
    const more: HeaderPair[] = [
      ['x-one', 'a b=c;d'],
      ['x-empty', ''],
    ];
    expect(await seenBy(look, more)).toEqual(['a b=c;d', '', undefined, undefined]);
  });

  it('joins several values of one name', async () => {
    const more: HeaderPair[] = [
      ['x-many', 'a'],
      ['x-other', '-'],
      ['x-many', 'b, c'],
    ];
    expect(await seenBy((call) => call.header('x-many'), more)).toBe('a, b, c');
  });

  it('gives bytes as base64, with and without its padding, and as bytes among all metadata', async () => {
    const more: HeaderPair[] = [
      ['one-bin', BYTES.toString('base64')],
      ['two-bin', BYTES.toString('base64').replace(/=+$/, '')],
    ];
    const seen = await seenBy((call) => [call.header('one-bin'), call.header('two-bin'), [...call.headers()]], more);
    expect(seen.slice(0, 2).map((text) => Buffer.from(text as string, 'base64'))).toEqual([BYTES, BYTES]);
    expect(seen[2]).toEqual(
      expect.arrayContaining([
        ['one-bin', BYTES],
        ['two-bin', BYTES],
      ]),
    );
  });

  it('takes several bytes of one name apart, sent in one header or in two', async () => {
    const other = Buffer.from([7]);
    const more: HeaderPair[] = [
      ['x-bin', `${BYTES.toString('base64')},${other.toString('base64')}`],
      ['x-bin', other.toString('base64')],
    ];
    const pairs = await seenBy((call) => [...call.headers()].filter(([name]) => name === 'x-bin'), more);
    expect(pairs.map(([, value]) => value)).toEqual([BYTES, other, other]);
  });

  it('lists what the caller set, and nothing that the transport owns', async () => {
    const more: HeaderPair[] = [
      ['x-one', 'a'],
      ['user-agent', 'me'],
      ['grpc-timeout', '1H'],
      ['grpc-accept-encoding', 'gzip'],
    ];
    const names = (await seenBy((call) => [...call.headers()], more)).map(([name]) => name);
    expect(names).toEqual(expect.arrayContaining(['x-one', 'user-agent']));
    for (const owned of [':path', ':method', ':scheme', 'te', 'content-type', 'grpc-timeout'])
      expect(names).not.toContain(owned);
  });

  it('still tells metadata after the call was answered', async () => {
    let call: RpcUnaryCall | undefined;
    await stage().serve({ Keep: unary((each) => ((call = each), each.answer(Buffer.alloc(0)))) });
    const connection = await stage().raw();
    await connection.call(path('Keep'), Buffer.alloc(0), [['x-one', 'first']]);
    await connection.call(path('None'), Buffer.alloc(0), [['x-one', 'second']]);
    expect([call!.path, call!.header('x-one')]).toEqual([path('Keep'), 'first']);
  });

  it('keeps the metadata of calls with the same, and with other headers, apart', async () => {
    await stage().serve({ Name: unary((call) => call.answer(Buffer.from(call.header('x-name') ?? ''))) });
    const caller = stage().grpc();
    const names = Array.from({ length: 200 }, (_, i) => `n${i % 7}`);
    const outcomes = names.map((name) => {
      const metadata = new Metadata();
      metadata.set('x-name', name);
      return caller.unary(path('Name'), Buffer.alloc(0), { metadata });
    });
    expect((await Promise.all(outcomes)).map(({ answer }) => answer?.toString())).toEqual(names);
  });

  it('sends initial metadata, names in any case, bytes as base64', async () => {
    const set = unary((call) => {
      call.setHeader('X-Text', 'a, b');
      call.setHeader('x-bytes-bin', BYTES.toString('base64'));
      call.answer(Buffer.alloc(0));
    });
    await stage().serve({ Set: set });
    const { headers } = await stage().grpc().unary(path('Set'));
    expect(headers.get('x-text')).toEqual(['a, b']);
    expect(headers.get('x-bytes-bin')).toEqual([BYTES]);
  });

  it('sends it with a failure, and with a stream that has no messages, too', async () => {
    const fail = unary((call) => (call.setHeader('x-a', '1'), call.fail({ code: 3, message: 'no' })));
    const end = stream((call) => (call.setHeader('x-a', '2'), call.end()));
    await stage().serve({ Fail: fail, End: end });
    const connection = await stage().raw();
    const failed = await connection.call(path('Fail'), Buffer.alloc(0));
    expect([failed.status, failed.headers.find((each) => 'x-a' in each)?.['x-a']]).toEqual([3, '1']);
    const ended = await connection.call(path('End'), Buffer.alloc(0));
    expect([ended.status, ended.headers.find((each) => 'x-a' in each)?.['x-a']]).toEqual([0, '2']);
  });

  it('ignores names that the transport owns', async () => {
    const owned = ['content-length', 'content-type', 'grpc-status', 'connection', 'transfer-encoding', ':status', 'te'];
    const set = unary((call) => {
      for (const name of owned) call.setHeader(name, '7');
      call.answer(Buffer.from('ok'));
    });
    await stage().serve({ Set: set });
    const { code, answer } = await stage().grpc().unary(path('Set'));
    expect([code, answer?.toString()]).toEqual([0, 'ok']);
  });

  it.each([
    ['a name with a space', 'a b', 'x'],
    ['an empty name', '', 'x'],
    ['a line break in a value', 'x-a', 'one\r\ntwo: 2'],
    ['a value beyond ASCII', 'x-a', 'é'],
  ])('refuses %s', async (_, name, value) => {
    let code: unknown;
    const set = unary((call) => {
      try {
        call.setHeader(name, value);
      } catch (error) {
        code = (error as { code: string }).code;
      }
      call.answer(Buffer.from('ok'));
    });
    await stage().serve({ Set: set });
    expect((await stage().grpc().unary(path('Set'))).answer?.toString()).toBe('ok');
    expect(code).toMatch(/^(CORE_ERR_GRPC_|GRPC_ERR_)METADATA$/);
  });

  it('takes kilobytes of metadata, sent in several frames', async () => {
    await stage().serve({ Size: unary((call) => call.answer(Buffer.from(call.header('x-large') ?? ''))) });
    const metadata = new Metadata();
    metadata.set('x-large', 'm'.repeat(6000));
    const { answer } = await stage().grpc().unary(path('Size'), Buffer.alloc(0), { metadata });
    expect(answer?.length).toBe(6000);
  });

  it('refuses metadata without bound, and goes on with other calls', async () => {
    let ran = 0;
    await stage().serve({ Echo: echoUnary, Count: unary((call) => (ran++, call.answer(Buffer.alloc(0)))) });
    const more = Array.from({ length: 200 }, (_, i): HeaderPair => [`x-${i}`, 'm'.repeat(10_000)]);
    const connection = await stage().raw();
    const large = await stage()
      .grpc(undefined, {})
      .unary(path('Count'), Buffer.alloc(0), { metadata: metadataOf(more) });
    expect(large.code).not.toBe(0);
    expect(ran).toBe(0);
    const id = connection.open(path('Echo'));
    connection.send(data(id, grpcMessage(Buffer.from('x')), Flag.END_STREAM));
    expect((await connection.over(id)).status).toBe(0);
  });
}

function metadataOf(pairs: readonly HeaderPair[]): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of pairs) metadata.add(name, value);
  return metadata;
}
