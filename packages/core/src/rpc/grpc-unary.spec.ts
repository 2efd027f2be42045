import { afterEach, describe, expect, it } from 'vitest';
import { Frame } from '../frame/frame.js';
import { Column } from '../frame/column.js';
import { decodeArrowStream } from '../frame/arrow/read-stream.js';
import { encodeArrowStream } from '../frame/arrow/write-stream.js';
import type { GrpcListener } from './grpc-listener.js';
import { type Handle, listening, runtime, TestClient } from './harness.spec.support.js';

let listener: GrpcListener | undefined;
let client: TestClient | undefined;

async function serve(handle?: Handle): Promise<TestClient> {
  listener = await listening([runtime(handle)]);
  return (client = new TestClient(listener.server.address!.text));
}

afterEach(() => {
  client?.close();
  listener?.close();
});

const ROWS = [
  { sepal_length: 1.5, petal_length: 2.5, name: 'setosa' },
  { sepal_length: 3.5, petal_length: 0, name: 'ünïcode ✓' },
];

describe('a generated gRPC service, unary', () => {
  it('answers typed rows with typed rows', async () => {
    const seen: Frame[] = [];
    const { predict } = bound(await serve((frame) => (seen.push(frame), frame)));
    const { answer, error } = await predict({ run: 'r1', rows: ROWS });
    expect(error).toBeUndefined();
    expect(answer).toEqual({ rows: ROWS });
    expect(seen[0]!.column('sepalLength').data).toEqual(Float32Array.of(1.5, 3.5));
    expect(seen[0]!.column('name').data).toEqual(['setosa', 'ünïcode ✓']);
  });

  it('answers packed columns with packed columns', async () => {
    const { predict } = bound(await serve());
    const columns = { sepal_length: [1, 2, 3], petal_length: [4, 5, 6], name: ['a', 'b', 'c'] };
    const { answer } = await predict({ run: 'r1', columns });
    expect(answer).toEqual({ columns: { ...columns, row_count: 3 } });
  });

  it('answers an Arrow stream with an Arrow stream', async () => {
    const { predict } = bound(await serve());
    const frame = new Frame([
      ['sepalLength', new Column({ dtype: 'f32', data: Float32Array.of(1, 2), length: 2 })],
      ['petalLength', new Column({ dtype: 'f32', data: Float32Array.of(3, 4), length: 2 })],
      ['name', new Column({ dtype: 'utf8', data: ['x', 'y'], length: 2 })],
    ]);
    const { answer, error } = await predict({ run: 'r1', arrow: encodeArrowStream(frame) });
    expect(error).toBeUndefined();
    expect(Frame.equals(decodeArrowStream(answer!.arrow as Uint8Array), frame)).toBe(true);
  });

  it('gives the handler its parameters, metadata and request id, and sends metadata back', async () => {
    const { predict } = bound(
      await serve((frame, context) => {
        context.setHeader('x-seen', JSON.stringify([context.params, context.transport, context.header('x-tenant')]));
        return frame;
      }),
    );
    const { Metadata } = await import('@grpc/grpc-js');
    const metadata = new Metadata();
    metadata.set('x-tenant', 'acme');
    metadata.set('x-request-id', 'abc-1');
    const outcome = await predict({ run: 'r1', top_k: '3', rows: ROWS }, metadata);
    expect(outcome.metadata.get('x-seen')).toEqual([JSON.stringify([{ run: 'r1', topK: '3' }, 'grpc', 'acme'])]);
    expect(outcome.metadata.get('x-request-id')).toEqual(['abc-1']);
    const unnamed = await predict({ run: 'r1', top_k: '3', rows: ROWS }, new Metadata());
    expect(unnamed.metadata.get('x-request-id')).toEqual([]);
  });
});

function bound(target: TestClient): { predict: TestClient['predict'] } {
  return { predict: target.predict.bind(target) };
}
