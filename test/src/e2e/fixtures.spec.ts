import { join } from 'node:path';
import { type Expected, fixture, type FixtureName, fixtureRecords } from '@witan-libs/testing';
import { type Table, tableFromArrays, tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppProcess, startProcess } from '../harness/app-process.js';
import { type ReflectedClient, reflectedClient } from '../harness/grpc-client.js';
import { ROOT } from '../harness/repository.js';
import { arrowBytes, largestDistance, postArrow, postColumns, postRecords } from '../harness/requests.js';

const TOLERANCE = 1e-5;

interface Case {
  readonly name: FixtureName;
  readonly path: string;
  readonly service: string;
  readonly label: string;
  readonly scores: string;
}

const CASES: readonly Case[] = [
  {
    name: 'boosting-zipmap',
    path: 'boosting',
    service: 'boosting.v1.BoostingService',
    label: 'output_label',
    scores: 'output_probability',
  },
  { name: 'mixed-strings', path: 'mixed', service: 'mixed.v1.MixedService', label: 'label', scores: 'probabilities' },
];

/** ZipMap's maps and plain lists alike, as one list of numbers. */
function flat(cells: readonly Expected[]): number[] {
  return cells.flatMap((cell) => Object.values(cell as Record<string, number>));
}

let app: AppProcess;

beforeAll(async () => {
  app = await startProcess([join(ROOT, 'test', 'dist', 'e2e', 'fixtures-app', 'main.js')]);
});

afterAll(() => app?.stop());

describe.each(CASES)('$name, for every row of its data set', ({ name, path, service, label, scores }) => {
  const data = fixture(name);
  const records = fixtureRecords(data);
  const columns = Object.fromEntries([...data.columns].map(([key, values]) => [key, [...values]]));
  const table = tableFromArrays(
    Object.fromEntries(
      Object.entries(columns).map(([key, values]) => [
        key,
        typeof values[0] === 'number' ? Float32Array.from(values as number[]) : (values as string[]),
      ]),
    ),
  ) as unknown as Table;
  const labels = data.expected[label]!.map(String);
  const expected = flat(data.expected[scores]!);
  let url: string;
  let client: ReflectedClient;

  beforeAll(async () => {
    url = `${app.url}/${path}`;
    client = await reflectedClient(app.grpcAddress, service);
  });

  afterAll(() => client?.close());

  function expectAnswers(seenLabels: readonly unknown[], seenScores: readonly unknown[]): void {
    expect(seenLabels.map(String)).toEqual(labels);
    expect(largestDistance(seenScores, expected)).toBeLessThan(TOLERANCE);
  }

  function expectRows(rows: readonly Record<string, unknown>[]): void {
    expectAnswers(
      rows.map((row) => row[label]),
      rows.flatMap((row) => row[scores] as number[]),
    );
  }

  function expectTable(seen: Table): void {
    const cells = [...seen.getChild(scores)!] as { toArray(): Float32Array }[];
    expectAnswers(
      [...seen.getChild(label)!],
      cells.flatMap((cell) => [...cell.toArray()]),
    );
  }

  it('answers JSON records', async () => {
    expectRows(await postRecords(url, records));
  });

  it('answers one request a row, all at once', async () => {
    const seen = await Promise.all(records.map((record) => postRecords(url, [record])));
    expectRows(seen.map(([row]) => row!));
  });

  it('answers JSON columns', async () => {
    const seen = await postColumns(url, columns);
    expectAnswers(seen[label]!, (seen[scores] as number[][]).flat());
  });

  it('answers Arrow, its text in dictionaries', async () => {
    expectTable(await postArrow(url, table));
  });

  it('answers gRPC rows', async () => {
    const { rows } = (await client.call('Predict', { rows: records })) as { rows: Record<string, unknown>[] };
    expectRows(rows);
  });

  it('answers gRPC columns', async () => {
    const { columns: seen } = (await client.call('Predict', { columns })) as { columns: Record<string, unknown[]> };
    expectAnswers(seen[label]!, seen[scores]!);
  });

  it('answers Arrow over gRPC', async () => {
    const { arrow } = (await client.call('Predict', { arrow: arrowBytes(table) })) as { arrow: Buffer };
    expectTable(tableFromIPC(arrow));
  });
});
