import { type Column, type ColumnData, isDictionary, type ListData, type NumericArray } from '../../frame/column.js';
import { allValid, isValid, setNull } from '../../frame/bitmap.js';
import { sameDType } from '../../frame/dtype.js';
import type { Frame } from '../../frame/frame.js';
import type { FieldPlan } from '../proto/field-plan.js';
import { LENGTH } from '../proto/scalar-type.js';
import { COLUMNS_FIELD, ROWS_FIELD } from '../proto/service-file.js';
import { rpcError } from '../rpc.errors.js';
import { compileEncoder, type MessagesEncoder, type Source } from './compile-encoder.js';
import type { ProtoWriter } from './proto-writer.js';
import { isPaired } from './value-code.js';
import { columnsLayout, rowLayout, valueKind, type WireLayout } from './wire-fields.js';

const ABSENT: Source = { target: [], validity: new Uint8Array(1), offsets: [0, 0], size: 0 };

/** Writes Frames of one schema as rows or as a columns message. */
export class FrameEncoder {
  private readonly rowWire: WireLayout;
  private readonly columnsWire: WireLayout;
  private readonly encodeRows: MessagesEncoder;
  private readonly encodeColumns: MessagesEncoder;

  constructor(
    private readonly plans: readonly FieldPlan[],
    private readonly schemaName: string,
  ) {
    this.rowWire = rowLayout(plans);
    this.columnsWire = columnsLayout(plans);
    this.encodeRows = compileEncoder(this.rowWire.fields, ROWS_FIELD * 8 + LENGTH);
    this.encodeColumns = compileEncoder(this.columnsWire.fields, COLUMNS_FIELD * 8 + LENGTH);
  }

  rows(w: ProtoWriter, frame: Frame): void {
    const sources: Source[] = [];
    for (const plan of this.plans) sources.push(rowSource(plan, this.columnOf(frame, plan)));
    this.rowWire.shapes.forEach((field, i) => {
      if (field >= 0) sources[field] = shapeOfRows(frame.columns.get(this.plans[i]!.column.name)!);
    });
    this.encodeRows(w, frame.rows, sources);
  }

  columns(w: ProtoWriter, frame: Frame): void {
    const { plans, columnsWire } = this;
    const sources: Source[] = columnsWire.fields.map(() => ABSENT);
    sources[columnsWire.rowCount] = { target: Uint32Array.of(frame.rows), size: 1 };
    plans.forEach((plan, i) => {
      const column = this.columnOf(frame, plan);
      sources[i] = wholeSource(plan, column);
      const validity = columnsWire.validity[i]!;
      if (validity >= 0 && column.validity) sources[validity] = { target: [trimmed(column)], size: 1 };
      const lengths = columnsWire.lengths[i]!;
      if (lengths >= 0) sources[lengths] = numbers(lengthsOf(column));
      const shape = columnsWire.shapes[i]!;
      if (shape >= 0) sources[shape] = numbers(Uint32Array.from(column.shape));
    });
    this.encodeColumns(w, 1, sources);
  }

  private columnOf(frame: Frame, plan: FieldPlan): Column {
    const { name, dtype, shape, nullable } = plan.column;
    const column = frame.columns.get(name);
    if (column && sameDType(column.dtype, dtype) && sameShape(column.shape, shape)) {
      if (nullable || !column.validity || column.nullCount === 0) return column;
      throw this.outputError(`column '${name}' has nulls, but is not nullable`);
    }
    const wanted = `column '${name}' of dtype ${dtype.name} and inner shape [${shape.join(', ')}]`;
    const seen = column
      ? `has it as ${column.dtype.name} [${column.shape.join(', ')}]`
      : `has ${frame.names.join(', ') || 'no columns'}`;
    throw this.outputError(`${wanted} is wanted, the Frame ${seen}`);
  }

  private outputError(what: string): Error {
    return rpcError('CORE_ERR_PROTO_OUTPUT', `the answer does not match schema ${this.schemaName}: ${what}`);
  }
}

function sameShape(seen: readonly number[], wanted: readonly (number | null)[]): boolean {
  return seen.length === wanted.length && seen.every((size, axis) => wanted[axis] === null || wanted[axis] === size);
}

function rowSource(plan: FieldPlan, column: Column): Source {
  if (plan.form === 'list') {
    const { offsets, values } = column.data as ListData;
    return { target: targetOf(values), validity: column.validity, offsets, size: 0 };
  }
  const target = targetOf(column);
  if (plan.form === 'vector' && plan.size === undefined) {
    const offsets = Int32Array.from({ length: column.length + 1 }, (_, row) => row * column.size);
    return { target, validity: column.validity, offsets, size: 0 };
  }
  return { target, validity: column.validity, size: column.size };
}

function wholeSource(plan: FieldPlan, column: Column): Source {
  if (plan.form === 'list') {
    const { offsets, values } = column.data as ListData;
    return { target: targetOf(values), offsets: [offsets[0]!, offsets[column.length]!], size: 0 };
  }
  return { target: withoutHoles(plan, column), offsets: [0, column.length * column.size], size: 0 };
}

/** What the generated code reads: halves of 64-bit values, text as strings. */
function targetOf(column: Column): ColumnData {
  const { data, dtype } = column;
  if (isPaired(dtype.kind)) {
    const wide = data as BigInt64Array;
    return new Int32Array(wide.buffer, wide.byteOffset, wide.length * 2);
  }
  if (dtype.kind !== 'utf8' || !isDictionary(data)) return data;
  const { codes, values } = data;
  return Array.from(codes, (code) => values[code] ?? '');
}

/** In a columns message null cells have a place too: text and bytes get an empty value there. */
function withoutHoles(plan: FieldPlan, column: Column): ColumnData {
  const target = targetOf(column);
  const kind = valueKind(plan.column);
  if (!column.validity || (kind !== 'utf8' && kind !== 'binary')) return target;
  const empty = kind === 'utf8' ? '' : new Uint8Array(0);
  const cells = target as readonly unknown[];
  return Array.from(cells, (value, i) =>
    isValid(column.validity, Math.floor(i / column.size)) ? value : empty,
  ) as string[];
}

function trimmed(column: Column): Uint8Array {
  const bitmap = allValid(column.length);
  for (let row = 0; row < column.length; row++) if (column.isNull(row)) setNull(bitmap, row);
  if (column.length % 8 !== 0) bitmap[bitmap.length - 1]! &= (1 << (column.length % 8)) - 1;
  return bitmap;
}

function lengthsOf(column: Column): Uint32Array {
  const { offsets } = column.data as ListData;
  return Uint32Array.from({ length: column.length }, (_, row) => offsets[row + 1]! - offsets[row]!);
}

function numbers(values: NumericArray): Source {
  return { target: values, offsets: [0, values.length], size: 0 };
}

function shapeOfRows(column: Column): Source {
  const dimensions = column.shape.length;
  const target = Uint32Array.from({ length: dimensions * column.length }, (_, i) => column.shape[i % dimensions]!);
  return {
    target,
    validity: column.validity,
    offsets: Int32Array.from({ length: column.length + 1 }, (_, row) => row * dimensions),
    size: 0,
  };
}
