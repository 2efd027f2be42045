import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fixture, fixtureRecords, summarizedFixture } from '@witan-libs/testing';
import type { NumberReport, SummaryReport } from '@witan/telemetry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppProcess } from '../harness/app-process.js';
import { type ModelFolder, modelFolder, serve, witan } from '../harness/witan-command.js';

const data = fixture('iris');
const rows = fixtureRecords(data).map(({ sepal_width, petal_length, petal_width }) => ({
  X: [Number(sepal_width), Number(petal_length), Number(petal_width)],
}));
const width = summarizedFixture().columns.find(({ column }) => column === 'sepal_width')!;

describe('witan serve --summary', () => {
  let folder: ModelFolder;
  let app: AppProcess;

  beforeAll(async () => {
    folder = modelFolder();
    folder.put('iris/1/model.onnx', 'iris');
    const baselines = join(dirname(folder.path), 'baselines');
    mkdirSync(baselines);
    writeFileSync(join(baselines, 'iris.json'), JSON.stringify([...rows, ...rows]));
    app = await serve([folder.path, '--summary', '--summary-baselines', baselines, '--model-control', '--metrics']);
    await predict([...rows, ...rows]);
  }, 60_000);
  afterAll(async () => {
    await app?.stop();
    folder.end();
  });

  async function predict(sent: readonly object[]): Promise<void> {
    const { code, err } = await witan(['infer', 'iris', '--file', '-'], { WITAN_URL: app.url }, JSON.stringify(sent));
    expect([code, err]).toEqual([0, '']);
  }

  const summary = async (): Promise<SummaryReport> => {
    const answer = await fetch(`${app.url}/models/iris/summary`);
    expect(answer.status).toBe(200);
    return (await answer.json()) as SummaryReport;
  };

  it('tells of the inputs what numpy tells of the data, and of the outputs what was answered', async () => {
    const { inputs, outputs, rows: count, sampledRows } = await summary();
    expect([count, sampledRows]).toEqual([300, 300]);
    expect(Object.keys(inputs)).toEqual(['X[0]', 'X[1]', 'X[2]']);
    const seen = inputs['X[0]'] as NumberReport;
    expect(seen.mean).toBeCloseTo(width.mean, 5);
    expect([seen.min, seen.max]).toEqual([Math.fround(width.min), Math.fround(width.max)]);
    const median = width.quantiles.find(([share]) => share === 0.5)![1];
    expect(Math.abs(seen.quantiles['p50']! / median - 1)).toBeLessThan(0.0101);
    const answers = data.expected['sepal_length']!.map((row) => (row as number[])[0]!);
    const mean = answers.reduce((sum, value) => sum + value, 0) / answers.length;
    expect((outputs['sepal_length'] as NumberReport).mean).toBeCloseTo(mean, 4);
  });

  it('finds the training data again, and sees when they are others', async () => {
    const before = await summary();
    expect(before.baseline).toEqual({ source: 'rows', sampledRows: 300 });
    expect(Object.values(before.inputs).map(({ drift }) => drift!.status)).toEqual(['same', 'same', 'same']);
    // One species alone, for as long as it takes that a report is made anew.
    const other = rows.slice(0, 50);
    await predict(Array.from({ length: 40 }, () => other).flat());
    await expect.poll(async () => (await summary()).rows, { timeout: 10_000 }).toBe(2300);
    const { inputs } = await summary();
    expect(inputs['X[1]']!.drift).toMatchObject({ status: 'drifted', raised: false });
  });

  it('takes what it sees as the baseline when it is told to', async () => {
    const answer = await fetch(`${app.url}/models/iris/summary/baseline`, { method: 'POST' });
    expect(answer.status).toBe(200);
    const { baseline, inputs } = (await answer.json()) as SummaryReport;
    expect(baseline).toMatchObject({ source: 'recorded', recorded: { version: '1' } });
    expect(Object.values(inputs).map(({ drift }) => drift!.score)).toEqual([0, 0, 0]);
  });

  it('counts the rows in its metrics', async () => {
    const text = await (await fetch(`${app.url}/metrics`)).text();
    expect(text).toMatch(/^witan_summary_rows_total\{model="iris",version="1",sampled="true"\} \d+$/m);
  });
});
