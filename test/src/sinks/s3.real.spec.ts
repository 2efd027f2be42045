import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  contractRecord,
  deliver,
  type FaultProxy,
  type ProxyFault,
  type S3Server,
  sinkContract,
  startFaultProxy,
  startS3Server,
} from '@witan-libs/testing';
import { encodeJsonRecords } from '@witan/core/frame';
import { HUSHAR_PROTO } from '@witan/protocols';
import { readRecords, S3Sink, type S3SinkOptions } from '@witan/sinks';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { python } from '../harness/foreign-tools.js';

const run = promisify(execFile);
const s3 = await startS3Server();
if ('put' in s3) {
  afterAll(() => s3.close());
  tests(s3);
}

function tests(server: S3Server): void {
  const { endpoint, region, credentials, bucket } = server;
  let proxy: FaultProxy;
  beforeAll(async () => {
    proxy = await startFaultProxy(endpoint);
  });
  afterAll(() => proxy.close());
  beforeEach(() => {
    proxy.fault = undefined;
  });

  let prefixes = 0;
  const newUrl = (): string => `s3://${bucket}/logs-${++prefixes}/below it`;
  const sinkOf = (url: string, options: Partial<S3SinkOptions> = {}): S3Sink =>
    new S3Sink({ url, endpoint: proxy.url, region, credentials, ...options });
  const read = (url: string) => readRecords(url, { endpoint, region, credentials });
  const records = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => contractRecord(from + i));
  const idsIn = async (url: string): Promise<string[]> => {
    const ids: string[] = [];
    for await (const { id } of read(url)) ids.push(id);
    return ids.sort();
  };

  const forms = [
    [{ format: 'ndjson', gzip: true }, '{micros}-{uuid}.ndjson.gz'],
    [{ format: 'parquet' }, '{micros}-{uuid}.parquet'],
  ] as const;
  for (const [form, key] of forms) {
    sinkContract(`a real bucket as ${form.format}`, () => {
      const url = newUrl();
      return Promise.resolve({
        sink: sinkOf(url, { ...form, key }),
        delivered: async () => {
          const all = [];
          for await (const { id, requestId, epochMs, input, output } of read(url)) {
            const texts = {
              ...(input && { input: encodeJsonRecords(input) }),
              ...(output && { output: encodeJsonRecords(output) }),
            };
            // Tables of different columns are objects of their own: the order is that within one.
            all.push({ id, requestId, part: form.format === 'parquet' ? `${epochMs}` : '', ...texts });
          }
          return all;
        },
        failNext: (count) => {
          let left = count;
          proxy.fault = () => (left-- > 0 ? FAULTS[left % FAULTS.length] : undefined);
        },
        close: () => Promise.resolve(),
      });
    });
  }

  describe('a real bucket', () => {
    it('has everything once when every second request goes wrong somewhere', async () => {
      const url = newUrl();
      const sink = sinkOf(url);
      let count = 0;
      proxy.fault = () => (count++ % 2 === 0 ? FAULTS[count % FAULTS.length] : undefined);
      for (let i = 0; i < 60; i += 6) await deliver(sink, records(i, i + 6));
      await sink.close();
      expect(proxy.requests).toBeGreaterThan(20);
      expect(await idsIn(url)).toEqual(records(0, 60).map(({ id }) => id));
    });

    it('that is slow has all that several writers wrote at a time', async () => {
      const url = newUrl();
      const sink = sinkOf(url, { key: '{kind}/{uuid}.ndjson' });
      let goOn!: () => void;
      const until = new Promise<void>((resolve) => (goOn = resolve));
      proxy.fault = () => ({ until });
      const writers = [0, 1, 2].map((i) => deliver(sink, records(10 * i, 10 * i + 10)));
      goOn();
      await Promise.all(writers);
      await sink.close();
      expect(await idsIn(url)).toHaveLength(30);
    });

    it('that does not know who asks, or is not there, says so and is asked again', async () => {
      const wrong = sinkOf(newUrl(), { credentials: { ...credentials, secretAccessKey: 'wrong' } });
      await expect(wrong.write(records(0, 1), new AbortController().signal)).rejects.toMatchObject({
        code: 'SINK_ERR_UNAVAILABLE',
        message: expect.stringContaining('SignatureDoesNotMatch'),
      });
      const none = sinkOf('s3://not-there');
      await expect(none.write(records(0, 1), new AbortController().signal)).rejects.toMatchObject({
        code: 'SINK_ERR_UNAVAILABLE',
        message: expect.stringContaining('NoSuchBucket'),
      });
      await Promise.all([wrong.close(), none.close()]);
    });

    it("has Hushar's InferenceLogs, which Python's protobuf reads, and so do we", async () => {
      const url = newUrl();
      const sink = sinkOf(url, { format: 'hushar' });
      await deliver(sink, records(0, 3));
      await sink.close();
      const seen = [];
      for await (const { id, requestId, model, output } of read(url)) seen.push([id, requestId, model, output?.rows]);
      expect(seen.map((each) => each.slice(1))).toEqual([
        ['request-0', 'iris@3', 2],
        ['request-1', 'iris@3', 2],
        ['request-2', 'iris@3', 2],
      ]);
      const key = String(seen[0]![0]).replace(/^s3:\/\/[^/]+\/|#0$/g, '');
      expect(key).toMatch(/year=2026\/month=03\/day=04\/hour=05\/mi=06\/[\da-f-]{36}_1772600767089000\.pb$/);
      const batches = await pythonReads(server, key);
      if (!batches) return;
      expect(batches).toMatchObject([
        { request_id: 'request-0', model_id: 'iris@3', rows: 2, long: 2 ** 62, scores: [expect.closeTo(0.1, 6)] },
        { request_id: 'request-1', rows: 2 },
        { request_id: 'request-2', rows: 2 },
      ]);
    });
  });
}

const FAULTS: readonly ProxyFault[] = [{ status: 503 }, { cut: 'before' }, { cut: 'after' }, { status: 500 }];

const READER = `
import json, sys
import logs_pb2
logs = logs_pb2.InferenceLogs.FromString(open(sys.argv[1], 'rb').read())
print(json.dumps([{
    'request_id': batch.request_id, 'model_id': batch.model_id, 'rows': len(batch.inference_log_rows),
    'long': batch.inference_log_rows[0].features['count'].long_value,
    'scores': list(batch.inference_log_rows[0].scores),
} for batch in logs.inferenceLogBatches]))
`;

/** What Google's own protobuf makes of an object. */
async function pythonReads({ endpoint, region, credentials, bucket }: S3Server, key: string): Promise<unknown> {
  const tool = await python();
  if ('missing' in tool) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'witan-logs-'));
  const sdk = await import('@aws-sdk/client-s3');
  const client = new sdk.S3Client({ endpoint, region, credentials, forcePathStyle: true });
  try {
    const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket: bucket, Key: key }));
    await writeFile(join(folder, 'logs.pb'), await Body!.transformToByteArray());
    await writeFile(join(folder, 'logs.proto'), HUSHAR_PROTO);
    await writeFile(join(folder, 'read.py'), READER);
    const options = { cwd: folder };
    await run(tool.path, ['-m', 'grpc_tools.protoc', '-I.', '--python_out=.', 'logs.proto'], options);
    const { stdout } = await run(tool.path, ['read.py', 'logs.pb'], options);
    return JSON.parse(stdout);
  } finally {
    client.destroy();
    await rm(folder, { recursive: true, force: true });
  }
}
