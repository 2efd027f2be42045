import * as zlib from 'node:zlib';
import { grpcMessage, RawConnection, data, Flag } from '@witan-libs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import type { GrpcListener } from './grpc-listener.js';
import { listening, runtime, TestClient } from './harness.spec.support.js';
import type { RpcOptions } from './rpc-options.js';

let listener: GrpcListener | undefined;
let client: TestClient | undefined;
let raw: RawConnection | undefined;

afterEach(() => {
  client?.close();
  raw?.destroy();
  listener?.close();
});

const ROWS = Array.from({ length: 300 }, (_, at) => ({ sepal_length: at, petal_length: 2, name: 'rose' }));
const GOOD = { run: 'r', rows: ROWS };

async function serve(compression: RpcOptions['compression'], more: RpcOptions = {}): Promise<TestClient> {
  listener = await listening([runtime()], { options: { host: '127.0.0.1', compression, ...more } });
  return (client = new TestClient(listener.server.address!.text));
}

/** What a caller gets that accepts these encodings: the encoding that the answer names, and its one message as it came. */
async function answerTo(accepted: string, request: object): Promise<{ encoding: string | undefined; message: Buffer }> {
  const { port } = listener!.server.address!;
  raw = await RawConnection.open({ host: '127.0.0.1', port });
  const id = raw.open('/iris.v1.IrisService/Predict', [['grpc-accept-encoding', accepted]]);
  raw.send(data(id, grpcMessage(client!.encode(request)), Flag.END_STREAM));
  const { headers, messages } = await raw.over(id);
  return { encoding: headers[0]?.['grpc-encoding'], message: messages[0]! };
}

describe('answers', () => {
  it.each([
    ['gzip', zlib.gunzipSync],
    ['deflate', zlib.inflateSync],
  ] as const)('are sent in %s to callers that accept it', async (algorithm, unpack) => {
    const caller = await serve({ algorithm });
    expect((await caller.predict(GOOD)).answer).toEqual({ rows: ROWS });
    const { encoding, message } = await answerTo(`identity,${algorithm}`, GOOD);
    expect(encoding).toBe(algorithm);
    expect(caller.decode(unpack(message))).toEqual({ rows: ROWS });
    expect(message.length).toBeLessThan(unpack(message).length / 2);
  });

  it.runIf('zstdDecompressSync' in zlib)('are sent in zstd where zlib has it', async () => {
    const { zstdDecompressSync } = zlib as unknown as Record<string, (bytes: Uint8Array) => Buffer>;
    const caller = await serve({ algorithm: 'zstd' });
    const { encoding, message } = await answerTo('identity,zstd', GOOD);
    expect(encoding).toBe('zstd');
    expect(caller.decode(zstdDecompressSync!(message))).toEqual({ rows: ROWS });
  });

  it('are sent as they are to others, and where they are short', async () => {
    const caller = await serve({ algorithm: 'gzip', minBytes: 1000 });
    const other = await answerTo('identity', GOOD);
    expect([other.encoding ?? 'identity', caller.decode(other.message)]).toEqual(['identity', { rows: ROWS }]);
    raw!.destroy();
    const short = await answerTo('gzip', { run: 'r', rows: ROWS.slice(0, 1) });
    expect(caller.decode(short.message)).toEqual({ rows: ROWS.slice(0, 1) });
  });
});

describe('at boot', () => {
  it.skipIf('zstdCompressSync' in zlib)('zstd is refused by name where zlib has none', async () => {
    await expect(serve({ algorithm: 'zstd' })).rejects.toMatchObject({
      code: 'CORE_ERR_GRPC_OPTION',
      message: expect.stringContaining('zstd'),
    });
  });

  it('grpc-js is refused, which cannot', async () => {
    await expect(serve({ algorithm: 'gzip' }, { server: 'grpc-js' })).rejects.toMatchObject({
      code: 'CORE_ERR_GRPC_OPTION',
      message: expect.stringContaining('grpc-js'),
    });
  });
});
