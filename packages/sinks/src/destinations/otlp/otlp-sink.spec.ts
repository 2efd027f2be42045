import { contractRecord, deliver, ManualClock, sinkContract } from '@witan-libs/testing';
import { encodeJsonRecords, Frame } from '@witan/core/frame';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseJsonLine } from '../layout/parse-json-line.js';
import { type Collector, type OtlpRecord, startCollector } from './collector.spec.support.js';
import { OtlpSink } from './otlp-sink.js';

let collector: Collector;
beforeEach(async () => {
  collector = await startCollector();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await collector.close();
});

const records = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => contractRecord(from + i));
const never = new AbortController().signal;
const attribute = ({ attributes }: OtlpRecord, name: string): unknown =>
  Object.values(attributes.find(({ key }) => key === name)?.value ?? {})[0];
const isPoison = (record: OtlpRecord): boolean => attribute(record, 'witan.record.point') === 'poison';

sinkContract('a collector', () =>
  Promise.resolve({
    sink: new OtlpSink({ url: collector.url }),
    delivered: () =>
      Promise.resolve(
        collector.records.map((record) => {
          const id = String(attribute(record, 'log.record.uid'));
          const { input, output } = parseJsonLine(`{"id":"${id}","epochMs":0,${record.body.stringValue.slice(1)}`);
          const texts = {
            ...(input && { input: encodeJsonRecords(input) }),
            ...(output && { output: encodeJsonRecords(output) }),
          };
          return { id, requestId: String(attribute(record, 'witan.request.id')), ...texts };
        }),
      ),
    failNext: (count) => {
      let left = count;
      collector.answer = () => (left-- > 0 ? [{ status: 503 }, { fail: 'cut' as const }][left % 2] : undefined);
    },
    poisoned: (record) => {
      collector.answer = (all) => (all.some(isPoison) ? { status: 400, body: '{"message":"no"}' } : {});
      return { ...record, point: 'poison' };
    },
    close: () => Promise.resolve(),
  }),
);

it('a record that a collector refuses among others, without saying which, is found', async () => {
  const sink = new OtlpSink({ url: collector.url });
  const all = records(0, 20).map((record, i) => (i === 7 ? { ...record, point: 'poison' } : record));
  collector.answer = (came) => ({
    keep: (record) => !isPoison(record),
    body: came.some(isPoison) ? '{"partialSuccess":{"rejectedLogRecords":"1"}}' : '{}',
  });
  expect(await deliver(sink, all)).toEqual([all[7]!.id]);
  const there = new Set(collector.records.map((record) => attribute(record, 'log.record.uid')));
  expect(there.size).toBe(19);
  await sink.close();
});

describe('a collector', () => {
  it('is told everything of a record in the shape of OTLP', async () => {
    const sink = new OtlpSink({
      url: collector.url,
      headers: { authorization: 'Bearer x' },
      resource: { 'service.name': 'shop' },
    });
    const raw = { contentType: 'application/json', body: Buffer.from('[]') };
    await sink.write([{ ...contractRecord(0), raw }, contractRecord(3)], never);
    const [record, failed] = collector.records;
    expect(record).toMatchObject({
      timeUnixNano: '1772600767089000000',
      severityNumber: 9,
      severityText: 'INFO',
      traceId: '0af7651916cd43dd8448eb211c80319c',
      eventName: 'witan.record',
    });
    const values = Object.fromEntries(record!.attributes.map(({ key, value }) => [key, value]));
    expect(values).toMatchObject({
      'log.record.uid': { stringValue: contractRecord(0).id },
      'witan.service': { stringValue: 'predictions/iris/:run' },
      'witan.model': { stringValue: 'iris' },
      'witan.model.version': { stringValue: '3' },
      'witan.duration': { doubleValue: 0.0015 },
      'witan.queue.duration': { doubleValue: 0.00025 },
      'witan.request.body': { bytesValue: 'W10=' },
    });
    expect(JSON.parse(record!.body.stringValue)).toMatchObject({ output: [{ score: 0.1 }, { label: '0' }] });
    expect(failed).toMatchObject({ severityNumber: 17, severityText: 'ERROR' });
    expect(attribute(failed!, 'error.type')).toBe('CORE_ERR_DEADLINE');
    expect(collector.requests[0]).toMatchObject({
      path: '/v1/logs',
      headers: { authorization: 'Bearer x', 'content-type': 'application/json', 'content-encoding': 'gzip' },
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
    });
    await sink.close();
  });

  it.each([
    [
      { status: 429, headers: { 'retry-after': '3' } },
      { code: 'SINK_ERR_UNAVAILABLE', retryAfterMs: 3000 },
    ],
    [
      { status: 503, headers: { 'retry-after': 'Tue, 14 Nov 2023 22:13:28 GMT' } },
      { code: 'SINK_ERR_UNAVAILABLE', retryAfterMs: 8000 },
    ],
    [
      { status: 503, headers: { 'retry-after': 'soon' } },
      { code: 'SINK_ERR_UNAVAILABLE', retryAfterMs: undefined },
    ],
    [{ status: 401 }, { code: 'SINK_ERR_UNAVAILABLE' }],
    [{ status: 302, headers: { location: 'http://127.0.0.1:1/' } }, { code: 'SINK_ERR_UNAVAILABLE' }],
    [{ fail: 'cut' as const }, { code: 'SINK_ERR_UNAVAILABLE' }],
    [{ status: 413 }, { code: 'SINK_ERR_POISON', details: undefined }],
    [
      { body: '{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"old"}}' },
      { code: 'SINK_ERR_POISON', details: undefined },
    ],
    [
      { body: '{"partialSuccess":{"rejectedLogRecords":2}}' },
      { code: 'SINK_ERR_POISON', details: { ids: ['a', 'b'] } },
    ],
  ])('that answers %j fails the write as %j', async (answer, expected) => {
    const sink = new OtlpSink({ url: collector.url, clock: new ManualClock() });
    collector.answer = () => answer;
    await expect(
      sink.write(
        ['a', 'b'].map((id) => ({ ...contractRecord(0), id })),
        never,
      ),
    ).rejects.toMatchObject(expected);
    await sink.close();
  });

  it.each(['', 'no JSON', 'null', '{"partialSuccess":null}', '{"partialSuccess":{"errorMessage":"a warning"}}'])(
    'that takes all with %j is believed',
    async (body) => {
      const sink = new OtlpSink({ url: collector.url });
      collector.answer = () => ({ body });
      await sink.write(records(0, 2), never);
      await sink.close();
    },
  );

  it('that says nothing is given up after the time limit, and at once when nobody waits any more', async () => {
    const clock = new ManualClock();
    const sink = new OtlpSink({ url: collector.url, clock, timeoutMs: 5_000 });
    let asked: () => void = () => undefined;
    collector.answer = () => {
      setImmediate(asked);
      return { fail: 'stall' };
    };
    const whenAsked = (): Promise<void> => new Promise((resolve) => (asked = resolve));
    let arrived = whenAsked();
    const late = expect(sink.write(records(0, 1), never)).rejects.toThrow('no answer within 5000 ms');
    await arrived;
    clock.advance(5_000);
    await late;
    arrived = whenAsked();
    const stop = new AbortController();
    const stopped = expect(sink.write(records(0, 1), stop.signal)).rejects.toThrow('enough');
    await arrived;
    stop.abort(new Error('enough'));
    await stopped;
    await sink.close();
  });

  it.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a:4318' }, undefined, 'otlp+http://a:4318/v1/logs'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a:4318/base/' }, undefined, 'otlp+http://a:4318/base/v1/logs'],
    [{ OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://a:4318/own' }, undefined, 'otlp+http://a:4318/own'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a:4318' }, 'https://b', 'otlp+https://b/v1/logs'],
    [{}, undefined, 'otlp+http://127.0.0.1:4318/v1/logs'],
  ])('is found as OpenTelemetry says: %j, %j', (env, url, name) => {
    for (const [key, value] of Object.entries(env)) vi.stubEnv(key, value);
    expect(new OtlpSink({ url }).name).toBe(name);
  });

  it('must have an address', () => {
    for (const url of ['collector', 'ftp://a', ''])
      expect(() => new OtlpSink({ url })).toThrow(expect.objectContaining({ code: 'SINK_ERR_DESTINATION' }));
  });

  it('is sent numbers that JSON has not as texts', async () => {
    const sink = new OtlpSink({ url: collector.url, gzip: false });
    await deliver(sink, [{ ...contractRecord(0), output: Frame.fromColumns({ y: Float32Array.of(NaN) }) }]);
    expect(collector.records[0]!.body.stringValue).toContain('"output":[{"y":"NaN"}]');
    await sink.close();
  });
});
