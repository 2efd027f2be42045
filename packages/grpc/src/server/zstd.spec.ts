import * as zlib from 'node:zlib';
import { data, Flag, grpcMessage, type HeaderPair } from '@witan-libs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { createGrpcServer } from './create-grpc-server.js';
import { Serving } from './serving.spec.support.js';

/** From Node 22.15 on. */
const { zstdCompressSync: pack, zstdDecompressSync: unpack } = zlib as unknown as Record<
  string,
  ((bytes: Uint8Array) => Buffer) | undefined
>;
const PACKED: HeaderPair[] = [
  ['grpc-encoding', 'zstd'],
  ['grpc-accept-encoding', 'identity,zstd'],
];

let serving: Serving | undefined;
afterEach(() => serving?.stop());

describe.runIf(pack)('zstd', () => {
  it('is read, and written where it is asked for', async () => {
    serving = await Serving.start({ compression: { algorithm: 'zstd', minBytes: 100 } });
    const connection = await serving.connect();
    const text = Buffer.alloc(5000, 'text ');
    for (const path of ['/t.Echo/Unary', '/t.Echo/Stream']) {
      const id = connection.open(path, PACKED);
      connection.send(data(id, grpcMessage(pack!(text), 1), Flag.END_STREAM));
      const { headers, messages, status } = await connection.over(id);
      expect([headers[0]!['grpc-encoding'], status]).toEqual(['zstd', 0]);
      expect(messages.map((message) => unpack!(message).equals(text))).toEqual([true]);
    }
  });

  it.each([
    ['is too large once unpacked', () => pack!(Buffer.alloc(1_000_000)), 8],
    ['is cut off', () => pack!(Buffer.alloc(500, 'abc')).subarray(0, 12), 13],
    ['is none', () => Buffer.from('no zstd'), 13],
  ])('a message that %s is refused', async (_, message, status) => {
    serving = await Serving.start({ maxReceiveMessageBytes: 1000 });
    const connection = await serving.connect();
    const id = connection.open('/t.Echo/Unary', PACKED);
    connection.send(data(id, grpcMessage(message(), 1), Flag.END_STREAM));
    expect((await connection.over(id)).status).toBe(status);
    expect((await connection.call('/t.Echo/Unary', Buffer.alloc(1))).status).toBe(0);
  });
});

describe.skipIf(pack)('zstd where Node has none', () => {
  it('is refused at boot, by its name', () => {
    const refused = { code: 'GRPC_ERR_OPTION', message: expect.stringContaining('zstd') };
    expect(() => createGrpcServer({ compression: { algorithm: 'zstd' } })).toThrow(expect.objectContaining(refused));
  });

  it('is refused in a request, with the encodings that there are', async () => {
    serving = await Serving.start();
    const connection = await serving.connect();
    const id = connection.open('/t.Echo/Unary', PACKED);
    connection.send(data(id, grpcMessage(Buffer.from('?'), 1), Flag.END_STREAM));
    const { headers, status, statusMessage } = await connection.over(id);
    expect([status, headers[0]!['grpc-accept-encoding']]).toEqual([12, 'identity,gzip,deflate']);
    expect(statusMessage).toContain('zstd');
  });
});
