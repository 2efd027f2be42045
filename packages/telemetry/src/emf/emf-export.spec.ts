import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Column, type Context, type Frame, Handler, Schema, Service } from '@witan/core';
import { createTestingApplication, ManualClock, type TestingApplication } from '@witan/core/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TelemetryModule } from '../module/telemetry.module.js';
import type { EmfOptions } from './emf-options.js';

@Schema()
class Point {
  @Column('f64') x!: number;
}

@Service('points')
class PointService {
  @Handler({ in: Point, out: Point })
  same(points: Frame<Point>, context: Context): Frame<Point> {
    context.noteModel({ model: context.header('x-model') ?? 'iris', version: '3' });
    Object.assign(context.phases ?? {}, { vectorizeMs: 0.5, tensorMs: 0.25, inferMs: 2 });
    if (points.records()[0]!.x < 0) throw new RangeError('negative');
    return points;
  }
}

@Service('batches')
class BatchService {
  @Handler({ in: Point, out: Point, batch: true })
  same(points: Frame<Point>): Frame<Point> {
    return points;
  }
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Line = Record<string, any>;

let folder: string;
let app: TestingApplication | undefined;
const file = (): string => join(folder, 'emf');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'witan-emf-'));
});
afterEach(async () => {
  await app?.close();
  app = undefined;
  rmSync(folder, { recursive: true });
});

async function start(emf: EmfOptions = {}, clock?: ManualClock): Promise<void> {
  const imports = [TelemetryModule.forRoot({ emf: { destination: { file: file() }, ...emf } })];
  app = await createTestingApplication({ imports, providers: [PointService, BatchService] }, { clock });
}

async function post(x = 1, model = 'iris', url = '/points'): Promise<void> {
  await app!.inject({ method: 'POST', url, headers: { 'x-model': model }, payload: [{ x }] });
  await new Promise((resolve) => setImmediate(resolve));
}

const UNITS = new Set(['Seconds', 'Microseconds', 'Milliseconds', 'Bytes', 'Percent', 'Count', 'None']);

/** What the specification of EMF asks of a document, its JSON schema among it. */
function checkDocument(text: string): Line {
  expect(Buffer.byteLength(text)).toBeLessThan(256 * 1024);
  const line = JSON.parse(text) as Line;
  const { Timestamp, CloudWatchMetrics, ...others } = line['_aws'];
  expect(others).toEqual({});
  expect(Number.isInteger(Timestamp)).toBe(true);
  expect(CloudWatchMetrics.length).toBeGreaterThan(0);
  for (const { Namespace, Dimensions, Metrics, ...more } of CloudWatchMetrics) {
    expect(more).toEqual({});
    expect(Namespace).toMatch(/^.{1,255}$/);
    expect(Dimensions.length).toBeGreaterThan(0);
    for (const set of Dimensions) {
      expect(set.length).toBeLessThanOrEqual(30);
      for (const name of set) expect(line[name]).toMatch(/^[\x20-\x7e]{1,1024}$/);
    }
    expect(Metrics.length).toBeLessThanOrEqual(100);
    for (const { Name, Unit, ...rest } of Metrics) {
      expect(rest).toEqual({});
      expect(Name).toMatch(/^.{1,255}$/);
      expect(UNITS).toContain(Unit);
      checkTarget(line[Name]);
    }
  }
  return line;
}

/** "A metric target MUST be a numeric value or an array of numeric values", of at most 100. */
function checkTarget(value: unknown): void {
  const values = Array.isArray(value) ? value : [value];
  expect(values.length).toBeGreaterThan(0);
  expect(values.length).toBeLessThanOrEqual(100);
  for (const each of values) expect(Number.isFinite(each)).toBe(true);
}

async function lines(): Promise<string[]> {
  await app!.close();
  app = undefined;
  return readFileSync(file(), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

describe('EMF', () => {
  it('has latency, availability and the phases for each combination of dimensions', async () => {
    await start({ namespace: 'HusharService', fixed: { stage: 'test' } });
    for (let i = 0; i < 3; i++) await post();
    await post(-1);
    await post(1, 'other');
    const all = (await lines()).map(checkDocument);
    expect(all).toHaveLength(2);
    const [iris] = all;
    expect(iris).toMatchObject({
      service: 'PointService',
      model: 'iris',
      version: '3',
      stage: 'test',
      Requests: 4,
      Errors: 1,
      Availability: 75,
      VectorizationTime: [500, 500, 500, 500],
      ToTensorTime: [250, 250, 250, 250],
      InferenceTime: [2000, 2000, 2000, 2000],
    });
    expect(iris!['Latency']).toHaveLength(4);
    const [directive] = iris!['_aws'].CloudWatchMetrics;
    expect(directive).toMatchObject({
      Namespace: 'HusharService',
      Dimensions: [['service', 'model', 'version', 'stage']],
    });
    expect(directive.Metrics).toContainEqual({ Name: 'InferenceTime', Unit: 'Microseconds' });
  });

  it('has the sizes of batches', async () => {
    await start();
    await post(1, 'iris', '/batches');
    const all = (await lines()).map(checkDocument);
    const batch = all.find((line) => line['gate'] !== undefined);
    expect(batch).toMatchObject({ Batches: 1, BatchSize: [1], BatchRequests: [1] });
    expect(batch!['gate']).toContain('BatchService');
  });

  it('writes once an interval, and nothing where there was nothing', async () => {
    const clock = new ManualClock({ turns: 'event-loop' });
    await start({ intervalMs: 1000 }, clock);
    await post();
    clock.advance(1000);
    clock.advance(5000);
    await post();
    await post();
    const all = (await lines()).map(checkDocument);
    expect(all.map((line) => line['Requests'])).toEqual([1, 2]);
  });

  it('stays valid with many requests, whatever callers call things', async () => {
    await start({ maxSeries: 3 });
    for (let i = 0; i < 150; i++) await post();
    for (const model of ['\u00fcml\u00e4ut', 'x'.repeat(3000), '   ', 'one', 'two']) await post(1, model);
    const all = (await lines()).map(checkDocument);
    expect(all).toHaveLength(4);
    expect(all.find((line) => line['model'] === 'iris')!['Latency']).toHaveLength(100);
    expect(all.find((line) => line['model'] === 'other')!['Requests']).toBe(3);
  });

  it('may give counts instead, as the agent of CloudWatch does', async () => {
    await start({ distribution: 'counts' });
    for (let i = 0; i < 150; i++) await post();
    const line = JSON.parse((await lines())[0]!) as Line;
    expect(line['InferenceTime']).toEqual({
      Values: [2000],
      Counts: [150],
      Max: 2000,
      Min: 2000,
      Count: 150,
      Sum: 300_000,
    });
  });
});

describe('options that cannot be', () => {
  const many = Object.fromEntries(Array.from({ length: 28 }, (_, i) => [`d${i}`, 'x']));
  it.each<[EmfOptions, RegExp]>([
    [{ fixed: many }, /31 dimensions/],
    [{ dimensions: ['requestId' as never] }, /'requestId'/],
    [{ namespace: 'AWS/Mine' }, /AWS\/ in front/],
    [{ namespace: '' }, /emf.namespace is ''/],
    [{ fixed: { Latency: 'x' } }, /'Latency'/],
    [{ intervalMs: 0 }, /intervalMs is 0/],
    [{ destination: { file: '/nowhere/at/all' } }, /cannot be opened/],
  ])('%j is refused at boot', async (options, message) => {
    await expect(start(options)).rejects.toMatchObject({
      code: 'TEL_ERR_EMF_OPTION',
      message: expect.stringMatching(message),
    });
  });
});
