import { Column } from '../frame/column.js';
import { Frame } from '../frame/frame.js';
import { plainFloats, scan } from '../frame/json/plain-floats.js';
import type { ColumnPlan } from './column-plan.js';
import type { CompiledSchema } from './compiled-schema.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
/** With fewer values in a record, making objects and reading them costs less than this. */
const MIN_VALUES = 64;
/** Of records in an envelope, what stands before them. */
const ENVELOPE_KEY = Buffer.from('"records"');

type Floats = Float32Array | Float64Array;

export interface VectorRecords {
  readonly frame: Frame;
  readonly form: 'array' | 'records';
}

/**
 * Reads records of long vectors from the body's bytes straight into their columns: no string, no objects, no arrays of
 * doubles in between. It knows only what is plainly right: records with exactly the schema's columns, each once, of flat
 * finite numbers. For anything else it gives `undefined`, and the decoder begins anew, with all forms, rules and messages.
 */
export class VectorRecordsReader {
  private readonly keys: readonly Buffer[];
  private bytes: Buffer = ENVELOPE_KEY;
  private at = 0;

  private constructor(private readonly plans: readonly ColumnPlan[]) {
    this.keys = plans.map(({ spec }) => Buffer.from(JSON.stringify(spec.name)));
  }

  /** `undefined`: not for this schema. */
  static of({ plans, spec }: CompiledSchema): VectorRecordsReader | undefined {
    const isPlain = ({ size, spec: { dtype, rules } }: ColumnPlan): boolean =>
      size > 0 && rules.length === 0 && (dtype.kind === 'f32' || dtype.kind === 'f64');
    const values = plans.reduce((sum, { size }) => sum + size, 0);
    if (values < MIN_VALUES || spec.checkRecord !== undefined || !plans.every(isPlain)) return undefined;
    return new VectorRecordsReader(plans);
  }

  read(bytes: Buffer, maxRows: number, maxBytes: number): VectorRecords | undefined {
    this.bytes = bytes;
    this.at = 0;
    const isEnvelope = this.skip(OPEN_OBJECT);
    if (isEnvelope && !(this.skipKey(ENVELOPE_KEY) && this.skip(COLON))) return undefined;
    const frame = this.records(maxRows, maxBytes);
    if (frame === undefined || (isEnvelope && !this.skip(CLOSE_OBJECT)) || this.peek() !== undefined) return undefined;
    return { frame, form: isEnvelope ? 'records' : 'array' };
  }

  private records(maxRows: number, maxBytes: number): Frame | undefined {
    if (!this.skip(OPEN_ARRAY)) return undefined;
    const bytesPerRow = this.plans.reduce((sum, plan) => sum + plan.bytesPerRow, 0);
    let room = 1;
    let data = this.plans.map((plan) => newFloats(plan, room));
    let rows = 0;
    do {
      if (rows === maxRows || (rows + 1) * bytesPerRow > maxBytes) return undefined;
      if (rows === room) {
        room = Math.min(2 * room, maxRows);
        data = data.map((values, i) => copied(values, newFloats(this.plans[i]!, room)));
      }
      if (!this.record(data, rows)) return undefined;
      rows++;
    } while (this.skip(COMMA));
    if (!this.skip(CLOSE_ARRAY)) return undefined;
    return new Frame(new Map(this.plans.map((plan, i) => [plan.spec.name, columnOf(plan, data[i]!, rows)])), rows);
  }

  /** As many members as columns, and no column twice: so it has each of them. */
  private record(data: readonly Floats[], row: number): boolean {
    if (!this.skip(OPEN_OBJECT)) return false;
    const { plans } = this;
    const seen = plans.length > 1 ? new Uint8Array(plans.length) : undefined;
    for (let member = 0; member < plans.length; member++) {
      if (member > 0 && !this.skip(COMMA)) return false;
      const index = this.column(member);
      if (index < 0 || seen?.[index] === 1) return false;
      if (seen) seen[index] = 1;
      if (!this.skip(COLON) || !this.cell(plans[index]!, data[index]!, row)) return false;
    }
    return this.skip(CLOSE_OBJECT);
  }

  /** The column whose name comes next: mostly the one at that place of the schema. -1: none. */
  private column(member: number): number {
    if (this.skipKey(this.keys[member]!)) return member;
    return this.keys.findIndex((key) => this.skipKey(key));
  }

  private cell({ size, spec }: ColumnPlan, values: Floats, row: number): boolean {
    const isVector = spec.shape.length > 0;
    if (isVector && !this.skip(OPEN_ARRAY)) return false;
    const end = (row + 1) * size;
    const read = plainFloats(this.bytes, this.at, values, row * size, end);
    this.at = scan.at;
    return read === end && (!isVector || this.skip(CLOSE_ARRAY));
  }

  /** The next byte that is no white space; `undefined` at the end. */
  private peek(): number | undefined {
    const { bytes } = this;
    let code = bytes[this.at];
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) code = bytes[++this.at];
    return code;
  }

  private skip(code: number): boolean {
    if (this.peek() !== code) return false;
    this.at++;
    return true;
  }

  private skipKey(key: Buffer): boolean {
    if (this.peek() !== QUOTE) return false;
    const end = this.at + key.length;
    if (end > this.bytes.length || key.compare(this.bytes, this.at, end) !== 0) return false;
    this.at = end;
    return true;
  }
}

function newFloats({ spec, size }: ColumnPlan, rows: number): Floats {
  return spec.dtype.kind === 'f32' ? new Float32Array(rows * size) : new Float64Array(rows * size);
}

function copied(from: Floats, to: Floats): Floats {
  to.set(from);
  return to;
}

function columnOf({ spec, size }: ColumnPlan, values: Floats, rows: number): Column {
  const { dtype, shape } = spec;
  return new Column({
    dtype,
    length: rows,
    shape: shape.length > 0 ? (shape as readonly number[]) : undefined,
    // Not a view of a larger array: a column that is kept must not keep what it does not need.
    data: values.length === rows * size ? values : values.slice(0, rows * size),
    validity: undefined,
  });
}
