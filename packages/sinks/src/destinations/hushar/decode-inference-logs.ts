import { type Column, columnOf, type DType, Frame } from '@witan/core/frame';
import type { LogRecord } from '../../sink/log-record.js';
import { ProtoReader } from './proto-reader.js';

/** The members of DataType's oneof by field: the column's dtype, and how one value is read. */
interface Member {
  readonly dtype: DType;
  readonly wire: number;
  read(reader: ProtoReader): unknown;
}
const SCALARS: readonly Member[] = [
  { dtype: 'f64', wire: 1, read: (reader) => reader.double() },
  { dtype: 'f32', wire: 5, read: (reader) => reader.float() },
  { dtype: 'i32', wire: 0, read: (reader) => Number(reader.varint()) },
  { dtype: 'i64', wire: 0, read: (reader) => reader.varint() },
  { dtype: 'utf8', wire: 2, read: (reader) => reader.text() },
];
const LENGTH = 2;

interface Feature {
  readonly dtype: DType;
  readonly value: unknown;
}
interface Row {
  readonly id: string;
  readonly features: ReadonlyMap<string, Feature>;
  readonly scores: readonly number[];
}

/** The column of the output that holds what Hushar calls scores. */
export const SCORES = 'scores';

/**
 * The records of a message `InferenceLogs`. That form has no ids and no times: the id is the file's name with a number.
 * Features become columns of the dtype of their values, arrays vectors where all rows have as many; a missing one is null.
 * @throws {RangeError} for bytes that are no such message
 * @throws {TypeError} for a feature of different types
 */
export function* decodeInferenceLogs(bytes: Uint8Array, source: string): Generator<LogRecord> {
  const reader = new ProtoReader(bytes);
  for (let number = 0; reader.more;) {
    const { field, wire } = reader.tag();
    if (field === 1 && wire === LENGTH) yield recordOf(reader.message(), `${source}#${number++}`);
    else reader.skip(wire);
  }
}

function recordOf(reader: ProtoReader, id: string): LogRecord {
  let requestId = '';
  let model = '';
  const rows: Row[] = [];
  while (reader.more) {
    const { field, wire } = reader.tag();
    if (field === 1 && wire === LENGTH) requestId = reader.text();
    else if (field === 2 && wire === LENGTH) model = reader.text();
    else if (field === 3 && wire === LENGTH) rows.push(rowOf(reader.message()));
    else reader.skip(wire);
  }
  const hasScores = rows.some(({ scores }) => scores.length > 0);
  return {
    ...{ id, requestId, epochMs: 0, kind: 'model', point: model, service: '', model, durationMs: 0 },
    input: inputOf(rows),
    ...(hasScores && {
      output: new Frame([
        [
          SCORES,
          arrays(
            'f32',
            rows.map(({ scores }) => scores),
          ),
        ],
      ]),
    }),
  };
}

function rowOf(reader: ProtoReader): Row {
  let id = '';
  const features = new Map<string, Feature>();
  const scores: number[] = [];
  while (reader.more) {
    const { field, wire } = reader.tag();
    if (field === 1 && wire === LENGTH) id = reader.text();
    else if (field === 2 && wire === LENGTH) entry(reader.message(), features);
    else if (field === 3 && wire === LENGTH)
      for (const inner = reader.message(); inner.more;) scores.push(inner.float());
    else if (field === 3 && wire === 5) scores.push(reader.float());
    else reader.skip(wire);
  }
  return { id, features, scores };
}

function entry(reader: ProtoReader, into: Map<string, Feature>): void {
  let name = '';
  let feature: Feature | undefined;
  while (reader.more) {
    const { field, wire } = reader.tag();
    if (field === 1 && wire === LENGTH) name = reader.text();
    else if (field === 2 && wire === LENGTH) feature = featureOf(reader.message()) ?? feature;
    else reader.skip(wire);
  }
  if (feature) into.set(name, feature);
}

function featureOf(reader: ProtoReader): Feature | undefined {
  let feature: Feature | undefined;
  while (reader.more) {
    const { field, wire } = reader.tag();
    const one = SCALARS[field - 1];
    const many = SCALARS[field - 6];
    if (one && wire === one.wire) feature = { dtype: one.dtype, value: one.read(reader) };
    else if (many && wire === LENGTH)
      feature = { dtype: `list<${many.dtype}>` as DType, value: arrayOf(reader.message(), many) };
    else reader.skip(wire);
  }
  return feature;
}

/** Numbers may come packed or not. */
function arrayOf(reader: ProtoReader, member: Member): unknown[] {
  const values: unknown[] = [];
  while (reader.more) {
    const { field, wire } = reader.tag();
    if (field === 1 && wire === member.wire) values.push(member.read(reader));
    else if (field === 1 && wire === LENGTH)
      for (const inner = reader.message(); inner.more;) values.push(member.read(inner));
    else reader.skip(wire);
  }
  return values;
}

function inputOf(rows: readonly Row[]): Frame {
  const columns = new Map<string, Column>();
  for (const name of new Set(rows.flatMap(({ features }) => [...features.keys()]))) {
    const cells = rows.map(({ features }) => features.get(name));
    const dtypes = new Set(cells.flatMap((cell) => cell?.dtype ?? []));
    const [dtype] = dtypes;
    if (dtypes.size !== 1) throw new TypeError(`the feature '${name}' is ${[...dtypes].join(' and ')}`);
    const values = cells.map((cell) => cell?.value ?? null);
    const item = /^list<(.*)>$/.exec(dtype!)?.[1] as DType | undefined;
    columns.set(name, item ? arrays(item, values as (readonly unknown[] | null)[]) : columnOf(dtype!, values));
  }
  return new Frame(columns, rows.length);
}

function arrays(item: DType, cells: readonly (readonly unknown[] | null)[]): Column {
  const sizes = new Set(cells.map((cell) => cell?.length ?? -1));
  const [size] = sizes;
  if (sizes.size === 1 && size! > 0) return columnOf(item, cells, { shape: [size!] });
  return columnOf(`list<${item}>` as DType, cells);
}
