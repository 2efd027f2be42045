import { gunzipSync } from 'node:zlib';
import {
  contractRecord,
  deliver,
  ManualClock,
  sinkContract,
  startBucketServer,
  type BucketServer,
} from '@witan-libs/testing';
import { encodeJsonRecords } from '@witan/core/frame';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseJsonLine } from '../layout/parse-json-line.js';
import { S3Sink } from './s3-sink.js';
import type { S3SinkOptions } from './s3-sink-options.js';

let server: BucketServer;
beforeEach(async () => {
  server = await startBucketServer('logs');
});
afterEach(() => server.close());

const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
const sinkOf = (options: Partial<S3SinkOptions> = {}): S3Sink =>
  new S3Sink({ url: 's3://logs/kept', endpoint: server.url, region: 'eu-1', credentials, ...options });
const records = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => contractRecord(from + i));
const never = new AbortController().signal;
const keys = (): string[] => [...server.objects.keys()];
const linesOf = (body: Buffer): string[] => {
  const text = body[0] === 0x1f ? gunzipSync(body).toString() : body.toString();
  return text.trimEnd().split('\n');
};
const POISON = 'a text that the service never takes';

for (const options of [{}, { gzip: true }, { concurrency: 1 }] satisfies Partial<S3SinkOptions>[]) {
  sinkContract(`a bucket, with ${JSON.stringify(options)}`, () =>
    Promise.resolve({
      sink: sinkOf({ ...options, key: '{micros}-{uuid}.ndjson' }),
      delivered: () => {
        const bodies = keys()
          .sort()
          .map((key) => server.objects.get(key)!);
        return Promise.resolve(
          bodies.flatMap(linesOf).map((line) => {
            const { id, requestId, input, output } = parseJsonLine(line);
            const texts = {
              ...(input && { input: encodeJsonRecords(input) }),
              ...(output && { output: encodeJsonRecords(output) }),
            };
            return { id, requestId, ...texts };
          }),
        );
      },
      failNext: (count) => {
        let left = count;
        server.fault = () => (left-- > 0 ? [{ status: 503 }, { cut: 'before' as const }][left % 2] : undefined);
      },
      poisoned: (record) => {
        server.fault = (_, body) => {
          const isPoison = linesOf(body).some((line) => line.includes(POISON));
          return isPoison ? { status: 400, code: 'EntityTooLarge' } : undefined;
        };
        return { ...record, point: POISON };
      },
      close: () => Promise.resolve(),
    }),
  );
}

describe('a bucket', () => {
  it('has one object for each batch and hour, under keys that a batch written again takes again', async () => {
    const sink = sinkOf();
    // It was kept, and the answer lost.
    let cuts = 2;
    server.fault = () => (cuts-- > 0 ? { cut: 'after' } : undefined);
    await deliver(sink, [...records(0, 3), { ...contractRecord(3), epochMs: Date.UTC(2026, 2, 4, 6) }]);
    expect(server.requests).toBeGreaterThan(2);
    expect(
      keys()
        .map((key) => key.replace(/-[\da-f-]{36}/, '-UUID'))
        .sort(),
    ).toEqual(['kept/dt=2026-03-04/hour=05/records-UUID.ndjson', 'kept/dt=2026-03-04/hour=06/records-UUID.ndjson']);
    expect([...server.types.values()]).toEqual(['application/x-ndjson', 'application/x-ndjson']);
    await deliver(sink, records(10, 12));
    expect(keys()).toHaveLength(3);
    await sink.close();
  });

  it('has InferenceLogs under exactly the keys that Hushar writes', async () => {
    const sink = sinkOf({ format: 'hushar', url: 's3://logs' });
    await deliver(sink, records(0, 3));
    expect(keys()).toHaveLength(1);
    expect(keys()[0]).toMatch(
      /^year=2026\/month=03\/day=04\/hour=05\/mi=06\/[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}_1772600767089000\.pb$/,
    );
    await sink.close();
  });

  it.each([
    [
      { status: 503, headers: { 'retry-after': '7' } },
      { code: 'SINK_ERR_UNAVAILABLE', retryAfterMs: 7000 },
    ],
    [{ status: 500 }, { code: 'SINK_ERR_UNAVAILABLE' }],
    [{ status: 403, code: 'AccessDenied' }, { code: 'SINK_ERR_UNAVAILABLE' }],
    [{ status: 404, code: 'NoSuchBucket' }, { code: 'SINK_ERR_UNAVAILABLE' }],
    [{ cut: 'before' as const }, { code: 'SINK_ERR_UNAVAILABLE' }],
    [{ status: 400, code: 'EntityTooLarge' }, { code: 'SINK_ERR_POISON' }],
    [{ status: 413, code: 'Other' }, { code: 'SINK_ERR_POISON' }],
  ])('that answers %j fails the write as %j', async (fault, expected) => {
    const sink = sinkOf();
    server.fault = () => fault;
    await expect(sink.write(records(0, 2), never)).rejects.toMatchObject(expected);
    // Asked once: whoever writes decides when again.
    expect(server.requests).toBe(1);
    await sink.close();
  });

  it('that says nothing is given up after the time limit, and at once when nobody waits any more', async () => {
    const clock = new ManualClock();
    const sink = sinkOf({ clock, timeoutMs: 5_000 });
    server.fault = () => ({ stall: true });
    const asked = async (count: number): Promise<void> => {
      while (server.requests < count) await new Promise((resolve) => setImmediate(resolve));
    };
    const late = sink.write(records(0, 1), never);
    const isLate = expect(late).rejects.toMatchObject({
      code: 'SINK_ERR_UNAVAILABLE',
      message: expect.stringContaining('no answer within 5000 ms'),
    });
    await asked(1);
    clock.advance(5_000);
    await isLate;
    const stop = new AbortController();
    const stopped = expect(sink.write(records(0, 1), stop.signal)).rejects.toThrow('enough');
    await asked(2);
    stop.abort(new Error('enough'));
    await stopped;
    await sink.close();
  });

  it.each([
    [{ url: 'https://logs' }, 's3://BUCKET/PREFIX'],
    [{ url: 's3://' }, 's3://BUCKET/PREFIX'],
    [{ key: 'fixed.ndjson' }, '{uuid}'],
  ])('is not opened with %o', (options, text) => {
    expect(() => sinkOf(options)).toThrow(
      expect.objectContaining({ code: 'SINK_ERR_DESTINATION', message: expect.stringContaining(text) }),
    );
  });
});
