import {
  type Data,
  type DataType,
  Field,
  FixedSizeList,
  Float32,
  makeData,
  makeVector,
  Table,
  tableFromIPC,
  tableToIPC,
  type Vector,
} from 'apache-arrow';

const ARROW = 'application/vnd.apache.arrow.stream';

/** Posts records and gives the answer's records. */
export async function postRecords(url: string, records: readonly object[]): Promise<Record<string, unknown>[]> {
  const { records: answer } = await postJson<{ records: Record<string, unknown>[] }>(url, records);
  return answer;
}

/** Posts columns and gives the answer's columns. */
export async function postColumns(url: string, columns: object): Promise<Record<string, unknown[]>> {
  const { columns: answer } = await postJson<{ columns: Record<string, unknown[]> }>(url, { columns });
  return answer;
}

async function postJson<T>(url: string, body: object): Promise<T> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status}: ${text}`);
  return JSON.parse(text) as T;
}

/** Posts an Arrow IPC stream, and asks for one. */
export async function postArrow(url: string, table: Table): Promise<Table> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': ARROW, accept: ARROW },
    body: arrowBytes(table),
  });
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  return tableFromIPC(new Uint8Array(await response.arrayBuffer()));
}

/** A table as an Arrow IPC stream. */
export function arrowBytes(table: Table): Buffer {
  return Buffer.from(tableToIPC(table, 'stream'));
}

/** A table of f32 columns, each cell of an inner shape: [] for scalars, [8, 8] for lists of 8 lists of 8. */
export function f32Table(columns: Readonly<Record<string, Float32Array>>, shape: readonly number[] = []): Table {
  return new Table(
    Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, f32Vector(values, shape)])),
  );
}

function f32Vector(values: Float32Array, shape: readonly number[]): Vector {
  const innermost: Data = makeData({ type: new Float32(), data: values });
  return makeVector(
    shape.reduceRight<Data>((child, size) => {
      const type = new FixedSizeList(size, new Field('item', child.type as DataType));
      return makeData({ type, length: child.length / size, child });
    }, innermost),
  );
}

/** The largest distance between two lists of numbers of equal length; what is not a number is infinitely far. */
export function largestDistance(seen: ArrayLike<unknown>, expected: ArrayLike<unknown>): number {
  if (seen.length !== expected.length) return Infinity;
  let largest = 0;
  for (let at = 0; at < seen.length; at++) {
    const distance = Math.abs(Number(seen[at]) - Number(expected[at]));
    if (!(distance <= largest)) largest = Number.isNaN(distance) ? Infinity : distance;
  }
  return largest;
}
