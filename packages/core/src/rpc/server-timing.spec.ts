import { type Client, Metadata } from '@grpc/grpc-js';
import { ManualClock } from '@witan-libs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import type { GrpcListener } from './grpc-listener.js';
import { listening, runtime, TestClient, useServer } from './harness.spec.support.js';
import type { RpcServerKind } from './rpc-options.js';

let listener: GrpcListener | undefined;
let client: TestClient | undefined;

afterEach(() => {
  client?.close();
  listener?.close();
  useServer('grpc-js');
});

interface Trailers {
  readonly trailer: readonly unknown[];
  readonly initial: readonly unknown[];
  readonly code: number;
}

/** The `server-timing` that a call gets. */
async function timingOf(kind: RpcServerKind, asks: string, { fails = false, timings = true } = {}): Promise<Trailers> {
  useServer(kind);
  const clock = new ManualClock();
  const service = runtime((frame, context) => {
    clock.advance(3);
    if (context.phases) context.phases.inferMs = 2.5;
    if (fails) throw new RangeError('no');
    return frame;
  });
  listener = await listening([service], { clock, options: { host: '127.0.0.1', timings } });
  client = new TestClient(listener.server.address!.text);
  const metadata = new Metadata();
  metadata.set('x-witan-timing', asks);
  return answerOf(
    client.client,
    client.encode({ run: 'r', rows: [{ sepal_length: 1, petal_length: 2, name: 'a' }] }),
    metadata,
  );
}

function answerOf(channel: Client, message: Buffer, metadata: Metadata): Promise<Trailers> {
  return new Promise((resolve) => {
    let initial: readonly unknown[] = [];
    const path = '/iris.v1.IrisService/Predict';
    const call = channel.makeUnaryRequest(path, same, same, message, metadata, () => undefined);
    call.on('metadata', (seen: Metadata) => (initial = seen.get('server-timing')));
    call.on('status', (status) =>
      resolve({ trailer: status.metadata.get('server-timing'), initial, code: status.code }),
    );
  });
}

const same = (bytes: Buffer): Buffer => bytes;

describe.each(['witan', 'grpc-js'] as const)('server-timing over gRPC, server %s', (kind) => {
  it('comes with the status, and not before', async () => {
    const { trailer, initial, code } = await timingOf(kind, '1');
    expect(trailer).toEqual([expect.stringMatching(/infer;dur=2\.5, .*total;dur=3$/)]);
    expect(initial).toEqual([]);
    expect(code).toBe(0);
  });

  it('comes with a failure too', async () => {
    const { trailer, code } = await timingOf(kind, '1', { fails: true });
    expect(trailer).toEqual([expect.stringMatching(/total;dur=3$/)]);
    expect(code).toBe(13);
  });

  it('is not there unless it is asked for, or where it is switched off', async () => {
    expect((await timingOf(kind, '0')).trailer).toEqual([]);
    client!.close();
    listener!.close();
    expect((await timingOf(kind, '1', { timings: false })).trailer).toEqual([]);
  });
});
