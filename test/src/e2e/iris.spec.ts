import { fixture, fixtureRecords } from '@witan-libs/testing';
import { tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppProcess, startApp } from '../harness/app-process.js';
import { type ReflectedClient, reflectedClient } from '../harness/grpc-client.js';
import { arrowBytes, f32Table, largestDistance, postArrow, postColumns, postRecords } from '../harness/requests.js';

const TOLERANCE = 1e-5;
const data = fixture('iris');
const expected = data.expected['sepal_length']!.map((row) => (row as number[])[0]!);
const column = (name: string): number[] => [...(data.columns.get(name) as number[])];
const columns = {
  sepalWidth: column('sepal_width'),
  petalLength: column('petal_length'),
  petalWidth: column('petal_width'),
};
const records = fixtureRecords(data).map((row) => ({
  sepalWidth: row['sepal_width'],
  petalLength: row['petal_length'],
  petalWidth: row['petal_width'],
}));
const rows = fixtureRecords(data);
const table = f32Table(
  Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, Float32Array.from(values)])),
);
type Answer = { rows: { sepal_length: number }[]; columns: { sepal_length: number[] }; arrow: Buffer };

describe('apps/iris, for every row of its data set', () => {
  let app: AppProcess;
  let url: string;
  let client: ReflectedClient;
  const predict = async (request: object): Promise<Answer> =>
    (await client.call('Predict', request)) as unknown as Answer;

  beforeAll(async () => {
    app = await startApp('iris');
    url = `${app.url}/predictions/iris`;
    client = await reflectedClient(app.grpcAddress, app.grpcService);
  });

  afterAll(async () => {
    client?.close();
    await app?.stop();
  });

  it('answers JSON records', async () => {
    const seen = await postRecords(url, records);
    expect(
      largestDistance(
        seen.map((row) => row['sepalLength']),
        expected,
      ),
    ).toBeLessThan(TOLERANCE);
  });

  it('answers one request a row, all at once', async () => {
    const seen = await Promise.all(records.map((record) => postRecords(url, [record])));
    expect(
      largestDistance(
        seen.map(([row]) => row!['sepalLength']),
        expected,
      ),
    ).toBeLessThan(TOLERANCE);
  });

  it('answers JSON columns', async () => {
    const seen = await postColumns(url, columns);
    expect(largestDistance(seen['sepalLength']!, expected)).toBeLessThan(TOLERANCE);
  });

  it('answers Arrow', async () => {
    const seen = await postArrow(url, table);
    expect(largestDistance(seen.getChild('sepalLength')!.toArray() as Float32Array, expected)).toBeLessThan(TOLERANCE);
  });

  it('answers gRPC rows', async () => {
    const seen = await predict({ rows });
    expect(
      largestDistance(
        seen.rows.map((row) => row.sepal_length),
        expected,
      ),
    ).toBeLessThan(TOLERANCE);
  });

  it('answers one gRPC call a row, all at once', async () => {
    const seen = await Promise.all(rows.map((row) => predict({ rows: [row] })));
    expect(
      largestDistance(
        seen.map((answer) => answer.rows[0]!.sepal_length),
        expected,
      ),
    ).toBeLessThan(TOLERANCE);
  });

  it('answers gRPC columns', async () => {
    const seen = await predict({ columns: Object.fromEntries(data.columns) });
    expect(largestDistance(seen.columns.sepal_length, expected)).toBeLessThan(TOLERANCE);
  });

  it('answers Arrow over gRPC', async () => {
    const seen = tableFromIPC((await predict({ arrow: arrowBytes(table) })).arrow);
    expect(largestDistance(seen.getChild('sepalLength')!.toArray() as Float32Array, expected)).toBeLessThan(TOLERANCE);
  });

  it('is ready and alive, and describes itself', async () => {
    for (const path of ['/health/live', '/health/ready', '/docs'])
      expect((await fetch(app.url + path)).status, path).toBe(200);
    expect(await (await fetch(`${app.url}/proto`)).text()).toContain('service IrisService');
    const { paths } = (await (await fetch(`${app.url}/openapi.json`)).json()) as { paths: object };
    expect(Object.keys(paths)).toContain('/predictions/iris');
  });

  it('names its models, routes, gRPC services, batch settings and threads at the start', () => {
    for (const part of [
      /iris v1: X f32/,
      /POST \/predictions\/iris/,
      /IrisService: Predict/,
      /64 rows/,
      /inline|thread/,
      /^ +curl -s /m,
    ]) {
      expect(app.output()).toMatch(part);
    }
  });

  it('ends with 0 on SIGTERM', async () => {
    client.close();
    expect(await app.stop()).toBe(0);
  });
});
