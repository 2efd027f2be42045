import { fixture, fixtureRecords } from '@witan-libs/testing';
import { type Table, tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppProcess, startApp } from '../harness/app-process.js';
import { type ReflectedClient, reflectedClient } from '../harness/grpc-client.js';
import { arrowBytes, f32Table, largestDistance, postArrow, postRecords } from '../harness/requests.js';

const TOLERANCE = 1e-5;
const data = fixture('digits');
const scans = fixtureRecords(data).map((record) => Object.values(record) as number[]);
const labels = data.expected['label']!.map(Number);
const probabilities = (data.expected['probabilities'] as readonly number[][]).flat();
const table = f32Table({ pixels: Float32Array.from(scans.flat()) }, [8, 8]);

/** 64 pixels as 8 rows of 8. */
function nested(pixels: readonly number[]): number[][] {
  return Array.from({ length: 8 }, (_, row) => pixels.slice(row * 8, row * 8 + 8));
}

function expectAnswers(seenLabels: ArrayLike<unknown>, seenProbabilities: ArrayLike<unknown>): void {
  expect(Array.from(seenLabels, Number)).toEqual(labels);
  expect(largestDistance(seenProbabilities, probabilities)).toBeLessThan(TOLERANCE);
}

function expectTable(seen: Table): void {
  const cells = [...seen.getChild('probabilities')!] as { toArray(): Float32Array }[];
  expectAnswers(
    [...seen.getChild('label')!] as bigint[],
    cells.flatMap((cell) => [...cell.toArray()]),
  );
}

describe('apps/digits, for every row of its data set', () => {
  let app: AppProcess;
  let url: string;
  let client: ReflectedClient;

  beforeAll(async () => {
    app = await startApp('digits');
    url = `${app.url}/predictions/digits`;
    client = await reflectedClient(app.grpcAddress, app.grpcService);
  });

  afterAll(async () => {
    client?.close();
    await app?.stop();
  });

  it('answers JSON records', async () => {
    const seen = await postRecords(
      url,
      scans.map((pixels) => ({ pixels: nested(pixels) })),
    );
    expectAnswers(
      seen.map((row) => row['label']),
      seen.flatMap((row) => row['probabilities'] as number[]),
    );
  });

  it('answers Arrow', async () => {
    expectTable(await postArrow(url, table));
  });

  it('answers gRPC rows', async () => {
    const { rows } = (await client.call('Predict', { rows: scans.map((pixels) => ({ pixels })) })) as {
      rows: { label: string; probabilities: number[] }[];
    };
    expectAnswers(
      rows.map((row) => row.label),
      rows.flatMap((row) => row.probabilities),
    );
  });

  it('answers gRPC columns', async () => {
    const { columns } = (await client.call('Predict', { columns: { pixels: scans.flat() } })) as {
      columns: { label: string[]; probabilities: number[] };
    };
    expectAnswers(columns.label, columns.probabilities);
  });

  it('answers Arrow over gRPC', async () => {
    const { arrow } = (await client.call('Predict', { arrow: arrowBytes(table) })) as { arrow: Buffer };
    expectTable(tableFromIPC(arrow));
  });

  it('lets a handler answer early, and set a header', async () => {
    const post = (body: string): Promise<Response> =>
      fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect((await post('[]')).status).toBe(400);
    expect((await post(JSON.stringify([{ pixels: nested(scans[0]!) }]))).headers.get('x-digits')).toBe('1');
  });

  it('ends with 0 on SIGTERM', async () => {
    client.close();
    expect(await app.stop()).toBe(0);
  });
});
