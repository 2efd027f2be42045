import type { RequestPhases } from '@witan/core';
import { Column, columnOf, type DTypeInfo, Frame, isValid, type ListData, toFloat16Bits } from '@witan/core/frame';
import type { LogRecord } from '../../sink/log-record.js';
import { type ColumnTypes, parseType, type RecordTypes } from './column-types.js';
import { INPUT, OUTPUT } from './flat-frame.js';

const TEXTS = ['traceId', 'model', 'version', 'alias', 'experiment', 'variant'] as const;
const PHASES = ['decodeMs', 'queueMs', 'vectorizeMs', 'tensorMs', 'inferMs', 'encodeMs'] as const;

/**
 * The records of a table that `flatFrame` made, their columns as they were.
 * @throws {TypeError} when it is no table of Witan's records
 */
export function* recordsOfTable(table: Frame): Generator<LogRecord> {
  for (const name of ['id', 'row', 'time', 'types'])
    if (!table.columns.has(name))
      throw new TypeError(`the table has no column '${name}': it holds no records of Witan`);
  const ids = table.column('id').strings();
  const rows = table.column('row').numbers();
  for (let start = 0; start < table.rows;) {
    let end = start + 1;
    while (end < table.rows && ids[end] === ids[start] && rows[end] !== 0) end++;
    yield recordOf(table.slice(start, end));
    start = end;
  }
}

function recordOf(table: Frame): LogRecord {
  const value = (name: string): unknown => table.columns.get(name)?.get(0) ?? undefined;
  const types = JSON.parse(value('types') as string) as RecordTypes;
  const record: Record<string, unknown> = {
    id: value('id'),
    requestId: value('requestId'),
    epochMs: Number((table.column('time').data as BigInt64Array)[0]),
    kind: value('kind'),
    point: value('point'),
    service: value('service'),
    durationMs: value('durationMs'),
  };
  for (const name of TEXTS) if (value(name) !== undefined) record[name] = value(name);
  const phases = phasesOf(value);
  if (phases) record['phases'] = phases;
  if (value('errorCode') !== undefined) record['error'] = { code: value('errorCode'), message: value('errorMessage') };
  if (value('rawType') !== undefined) record['raw'] = { contentType: value('rawType'), body: value('rawBody') };
  if (types.input) record['input'] = frameOf(table, INPUT, types.input, Number(value('inputRows')));
  if (types.output) record['output'] = frameOf(table, OUTPUT, types.output, Number(value('outputRows')));
  return record as unknown as LogRecord;
}

function phasesOf(value: (name: string) => unknown): RequestPhases | undefined {
  let phases: RequestPhases | undefined;
  for (const name of PHASES) {
    const ms = value(name);
    if (typeof ms === 'number') (phases ??= {})[name] = ms;
  }
  return phases;
}

function frameOf(table: Frame, prefix: string, types: ColumnTypes, rows: number): Frame {
  const columns = new Map<string, Column>();
  for (const [name, text] of Object.entries(types)) {
    const stored = table.columns.get(prefix + name);
    const type = parseType(text);
    if (!stored || !type) throw new TypeError(`there is no column '${prefix}${name}' of the type '${text}'`);
    columns.set(name, restored(stored.slice(0, rows), type));
  }
  return new Frame(columns, rows);
}

function restored(column: Column, { dtype, shape }: NonNullable<ReturnType<typeof parseType>>): Column {
  const { length, validity } = column;
  if (shape.length > 0) return vectors(column, dtype, shape);
  if (dtype.kind !== 'list') return ofType(column, dtype);
  const { offsets, values } = column.data as ListData;
  return new Column({ dtype, length, data: { offsets, values: ofType(values, dtype.item!) }, validity });
}

/** Scalars in the type that Parquet did not have. */
function ofType(column: Column, dtype: DTypeInfo): Column {
  const { length, validity, data } = column;
  if (column.dtype.name === dtype.name) return column;
  if (dtype.kind === 'f16') {
    return new Column({ dtype, length, validity, data: Uint16Array.from(column.numbers(), toFloat16Bits) });
  }
  if (dtype.kind === 'timestamp' && dtype.unit === 's')
    return new Column({ dtype, length, validity, data: (data as BigInt64Array).map((count) => count / 1000n) });
  throw new TypeError(`a column of ${column.dtype.name} where ${dtype.name} was written`);
}

/** Lists of one length as one block; a null takes as much room. */
function vectors({ data, length, validity }: Column, dtype: DTypeInfo, shape: readonly number[]): Column {
  const { offsets, values } = data as ListData;
  const items = ofType(values, dtype);
  const size = shape.reduce((product, each) => product * each, 1);
  if (length === 0) return columnOf(dtype, [], { shape });
  const nothing = columnOf(dtype, new Array<null>(size).fill(null));
  const cells = Array.from({ length }, (_, row) => {
    if (!isValid(validity, row)) return nothing;
    if (offsets[row + 1]! - offsets[row]! !== size)
      throw new TypeError(
        `a vector of ${offsets[row + 1]! - offsets[row]!} values where [${shape.join(',')}] was written`,
      );
    return items.slice(offsets[row]!, offsets[row + 1]!);
  });
  const joined = Frame.concat(cells.map((cell) => new Frame([['cell', cell]]))).column('cell');
  return new Column({ dtype, shape, length, data: joined.data, validity });
}
