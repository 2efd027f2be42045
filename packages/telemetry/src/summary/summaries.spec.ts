import { channel } from 'node:diagnostics_channel';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { type AccessOptions, type WitanApplication, WitanFactory } from '@witan/core';
import { encodeArrowStream, Frame } from '@witan/core/frame';
import { ManualClock } from '@witan-libs/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TelemetryModule } from '../module/telemetry.module.js';
import { Summaries } from './summaries.js';
import type { SummaryOptions } from './summary-options.js';
import type { SummaryReport } from './summary-report.js';

const WINDOW_MS = 300_000;

let folder: string;
let clock: ManualClock;
const open: WitanApplication[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'witan-summaries-'));
  clock = new ManualClock();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()));
  await rm(folder, { recursive: true, force: true });
});

interface Served {
  readonly access?: AccessOptions;
  readonly summary?: boolean | SummaryOptions;
  readonly prometheus?: boolean;
}

async function serve({ access = { modelControl: true }, summary = true, prometheus = false }: Served = {}) {
  @Module({ imports: [TelemetryModule.forRoot({ summary, prometheus })] })
  class App {}
  const app = await WitanFactory.create(App, { logger: false, witan: { access, clock } });
  open.push(app);
  await app.init();
  const call = async (method: 'GET' | 'POST', url: string, payload?: object | string, headers = {}) => {
    const given = payload === undefined ? {} : { payload };
    const answer = await app.inject({ method, url, headers, remoteAddress: '127.0.0.1', ...given });
    type Body = SummaryReport & { error: { code: string; message: string } };
    return { status: answer.statusCode, body: answer.json<Body>(), headers: answer.headers };
  };
  return { app, call };
}

const input = (rows: number, add = 0): Frame =>
  Frame.fromColumns({
    x: Float64Array.from({ length: rows }, (_, i) => (i % 100) + 1 + add),
    color: Array.from({ length: rows }, (_, i) => (i % 3 === 0 ? 'red' : 'green')),
  });

/** As a run of a model is told. */
function ran(frame: Frame, version = '1', model = 'm'): void {
  const told = { requests: 1, packMs: 0, inferMs: 0, unpackMs: 0, error: undefined, contexts: [] };
  const output = Frame.fromColumns({ y: new Float32Array(frame.rows) });
  channel('witan.infer').publish({
    ...told,
    model,
    version,
    rows: frame.rows,
    startedAt: clock.now(),
    input: frame,
    output,
  });
}

describe('GET /models/:model/summary', () => {
  it('answers what a model was given and answered', async () => {
    const { call } = await serve();
    ran(input(90), '2');
    const { status, body, headers } = await call('GET', '/models/m/summary');
    expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
    expect(body).toMatchObject({
      model: 'm',
      version: '2',
      versions: ['2'],
      window: 'current',
      rows: 90,
      sampledRows: 90,
    });
    expect(body.inputs['x']).toMatchObject({ dtype: 'f64', kind: 'number', count: 90, min: 1, max: 90, mean: 45.5 });
    expect(body.inputs['color']).toMatchObject({
      kind: 'category',
      distinct: 2,
      top: [
        { value: 'green', count: 60 },
        { value: 'red', count: 30 },
      ],
    });
    expect(body.outputs['y']).toMatchObject({ dtype: 'f32', count: 90, max: 0 });
  });

  it('answers for another version, window or process-wide form', async () => {
    const { call } = await serve({ summary: { drift: false } });
    ran(input(30), '1');
    clock.advance(WINDOW_MS);
    ran(input(20), '2');
    expect((await call('GET', '/models/m/summary?version=1&window=last')).body.rows).toBe(30);
    expect((await call('GET', '/models/m/summary')).body).toMatchObject({ version: '2', rows: 20 });
    expect((await call('GET', '/models/m/summary?form=state')).body).toMatchObject({
      format: 'witan-summary/1',
      rows: 20,
    });
  });

  it.each([
    ['/models/nobody/summary', 404, 'TEL_ERR_SUMMARY_UNKNOWN', /models that ran are m/],
    ['/models/m/summary?version=9', 404, 'TEL_ERR_SUMMARY_UNKNOWN', /versions that ran are 1/],
    ['/models/m/summary?window=last', 404, 'TEL_ERR_SUMMARY_UNKNOWN', /no complete window/],
    ['/models/m/summary?window=week', 400, 'TEL_ERR_SUMMARY_QUERY', /current, last, start/],
    ['/models/m/summary?version=1&version=2', 400, 'TEL_ERR_SUMMARY_QUERY', /version/],
    ['/models/m/summary?verison=1', 400, 'TEL_ERR_SUMMARY_QUERY', /'verison' is not known/],
  ])('refuses %s', async (url, status, code, text) => {
    const { call } = await serve();
    ran(input(5));
    const answer = await call('GET', url);
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    expect(answer.body.error.message).toMatch(text);
  });

  it('needs the key that predictions need, or what the option says', async () => {
    const apiKeys = { keys: [{ name: 'team', key: 'k'.repeat(20) }] };
    const { call } = await serve({ access: { apiKeys } });
    ran(input(5));
    expect((await call('GET', '/models/m/summary')).status).toBe(401);
    expect((await call('GET', '/models/m/summary', undefined, { 'x-api-key': 'k'.repeat(20) })).status).toBe(200);
    const closed = await serve({ access: { apiKeys }, summary: { access: 'control' } });
    expect((await closed.call('GET', '/models/m/summary', undefined, { 'x-api-key': 'k'.repeat(20) })).status).toBe(
      403,
    );
  });

  it('makes a report at most once a second', async () => {
    const { call } = await serve();
    ran(input(5));
    expect((await call('GET', '/models/m/summary')).body.rows).toBe(5);
    ran(input(5));
    expect((await call('GET', '/models/m/summary')).body.rows).toBe(5);
    clock.advance(1000);
    expect((await call('GET', '/models/m/summary')).body.rows).toBe(10);
  });

  it('stands in the OpenAPI document', async () => {
    const { call } = await serve();
    const { paths } = (await call('GET', '/openapi.json')).body as unknown as { paths: Record<string, object> };
    expect(paths['/models/{model}/summary']).toHaveProperty('get');
    expect(paths['/models/{model}/summary/baseline']).toHaveProperty('post');
  });

  it('is not there, and nothing is watched, unless it is asked for', async () => {
    const { call, app } = await serve({ summary: false });
    expect(channel('witan.infer').hasSubscribers).toBe(false);
    expect((await call('GET', '/models/m/summary')).status).toBe(404);
    expect(app.nest.get(Summaries).metrics()).toEqual([]);
  });

  it('ends with the application', async () => {
    const { app } = await serve();
    expect(channel('witan.infer').hasSubscribers).toBe(true);
    await app.close();
    expect(channel('witan.infer').hasSubscribers).toBe(false);
  });
});

describe('baselines', () => {
  const record = '/models/m/summary/baseline';

  it('are recorded by a call, kept as a file, and read at the next start', async () => {
    const baselines = { folder: join(folder, 'new', 'baselines') };
    const first = await serve({ summary: { baselines } });
    ran(input(500), '1', 'a/b');
    const recorded = await first.call('POST', '/models/a%2Fb/summary/baseline');
    expect([recorded.status, recorded.body.baseline]).toMatchObject([200, { source: 'recorded', sampledRows: 500 }]);
    expect(await readdir(baselines.folder)).toEqual(['a%2Fb.json']);
    await open.pop()!.close();

    const { call } = await serve({ summary: { baselines } });
    ran(input(500, 60), '2', 'a/b');
    const { body } = await call('GET', '/models/a%2Fb/summary');
    expect(body.baseline).toMatchObject({ source: 'recorded', recorded: { version: '1' } });
    expect(body.inputs['x']!.drift).toMatchObject({ status: 'drifted', raised: false });
    expect(body.inputs['color']!.drift).toMatchObject({ status: 'same' });
    expect(body.inputs['x']!.baseline).toMatchObject({ mean: 50.5 });
  });

  it('are refused of too few rows, by those who may not change the server, and of bodies that mean nothing', async () => {
    const { call } = await serve();
    ran(input(199));
    const few = await call('POST', record);
    expect([few.status, few.body.error.code]).toEqual([412, 'TEL_ERR_BASELINE_ROWS']);
    for (const body of ['[1]', '{', '{"version":{}}', '{"sigma":3}', '{"form":"state"}']) {
      const bad = await call('POST', record, body, { 'content-type': 'application/json' });
      expect([body, bad.status, bad.body.error.code]).toEqual([body, 400, 'TEL_ERR_SUMMARY_QUERY']);
    }
    const closed = await serve({ access: {} });
    ran(input(500));
    expect((await closed.call('POST', record)).status).toBe(403);
  });

  it('that cannot be written are not taken', async () => {
    await writeFile(join(folder, 'file'), '');
    const { call } = await serve({ summary: { baselines: { folder: join(folder, 'file') } } });
    ran(input(300));
    const answer = await call('POST', record, { version: '1' });
    expect([answer.status, answer.body.error.code]).toEqual([503, 'TEL_ERR_BASELINE_WRITE']);
    clock.advance(1000);
    expect((await call('GET', '/models/m/summary')).body.baseline).toBeUndefined();
  });

  it('are made of training rows: records, columns, an Arrow stream, or a Frame', async () => {
    await writeFile(join(folder, 'records.json'), JSON.stringify(input(300).records()));
    await writeFile(
      join(folder, 'columns.json'),
      JSON.stringify({
        x: input(300)
          .records()
          .map(({ x }) => x),
      }),
    );
    await writeFile(join(folder, 'arrow.arrow'), encodeArrowStream(input(300)));
    await writeFile(join(folder, 'notes.txt'), 'not a baseline');
    const { call, app } = await serve({ summary: { baselines: { folder, frames: { frame: input(300) } } } });
    app.nest.get(Summaries).setBaseline('later', input(300));
    for (const model of ['records', 'columns', 'arrow', 'frame', 'later']) {
      ran(input(300, 70), '1', model);
      const { body } = await call('GET', `/models/${model}/summary`);
      expect([model, body.baseline, body.inputs['x']!.drift!.status]).toEqual([
        model,
        { source: 'rows', sampledRows: 300 },
        'drifted',
      ]);
    }
  });

  it('that cannot be read are left out, and the models are served all the same', async () => {
    const whole = await serve({ summary: { baselines: { folder } } });
    ran(input(300));
    await whole.call('POST', record);
    await open.pop()!.close();
    const text = await readFile(join(folder, 'm.json'), 'utf8');
    const bad: Record<string, string> = {
      half: text.slice(0, text.length / 2),
      empty: '',
      word: '"text"',
      counts: text.replaceAll('"counts":[', '"counts":[-1,'),
      first: text.replaceAll(/"first":-?\d+/g, '"first":1e300'),
      kind: text.replaceAll('"kind":"number"', '"kind":"other"'),
      inputs: text.replace('"inputs":{', '"inputs":7,"other":{'),
    };
    for (const [name, content] of Object.entries(bad)) await writeFile(join(folder, `${name}.json`), content);
    await mkdir(join(folder, 'directory.json'));
    const { call } = await serve({ summary: { baselines: { folder } } });
    for (const model of [...Object.keys(bad), 'directory', 'm']) {
      ran(input(300), '1', model);
      const { body } = await call('GET', `/models/${model}/summary`);
      expect([model, body.baseline !== undefined]).toEqual([model, model === 'm']);
    }
  });

  it('make metrics of each window: distances, and which columns are raised', async () => {
    const { app } = await serve({ summary: { baselines: { frames: { m: input(500) } } }, prometheus: true });
    const summaries = app.nest.get(Summaries);
    ran(input(400, 70));
    clock.advance(WINDOW_MS);
    const points = (name: string) =>
      summaries
        .metrics()
        .find(({ descriptor }) => descriptor.name === name)!
        .points.map((point) => [point.labels['column'] ?? point.labels['sampled'], (point as { value: number }).value]);
    expect(points('witan.drift.raised')).toEqual([
      ['x', 1],
      ['color', 0],
    ]);
    expect(points('witan.drift.ks')).toEqual([['x', expect.closeTo(0.7, 1)]]);
    expect(points('witan.drift.psi')).toHaveLength(1);
    expect(points('witan.drift.cramers_v')).toHaveLength(1);
    expect(points('witan.summary.rows')).toEqual([
      ['true', 400],
      ['false', 0],
    ]);
    const scraped = (await app.inject({ url: '/metrics' })).body;
    expect(scraped).toMatch(/^witan_drift_raised\{.*column="x".*\} 1$/m);
    expect(scraped).toMatch(/^witan_drift_ks\{.*column="x".*\} 0\.7/m);
  });
});
