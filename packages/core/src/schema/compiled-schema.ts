import type { Column } from '../frame/column.js';
import { type DTypeInfo, isBigIntKind } from '../frame/dtype.js';
import { Frame } from '../frame/frame.js';
import { checkRecords } from './check-records.js';
import { ColumnPlan } from './column-plan.js';
import type { DecodePass } from './decode-pass.js';
import { type DecoderCode, generateDecoder } from './decoder-code.js';
import { RuleLoop } from './rule-loop.js';
import type { SchemaSpec } from './spec.js';

const compiled = new WeakMap<SchemaSpec, CompiledSchema>();

/** A schema's plans and generated loops; made once per schema. */
export function compiledSchemaOf(spec: SchemaSpec): CompiledSchema {
  let schema = compiled.get(spec);
  if (!schema) compiled.set(spec, (schema = new CompiledSchema(spec)));
  return schema;
}

const NO_CELLS: readonly unknown[] = [];

export class CompiledSchema {
  readonly plans: readonly ColumnPlan[];
  /** Some column holds 64-bit integers, which would lose digits in JSON.parse. */
  readonly exact: boolean;
  readonly hasText: boolean;
  /** Bytes that each row takes in the columns whose size does not depend on the request. */
  readonly bytesPerRow: number;
  readonly names: ReadonlySet<string>;
  /** The rules of each column, for columns that are finished already. */
  readonly loops: readonly RuleLoop[];
  private readonly code: DecoderCode;

  constructor(readonly spec: SchemaSpec) {
    this.plans = spec.columns.map((column, index) => new ColumnPlan(column, index));
    this.bytesPerRow = this.plans.reduce((sum, plan) => sum + plan.bytesPerRow, 0);
    this.names = new Set(spec.columns.map(({ name }) => name));
    this.loops = this.plans.map((plan) => new RuleLoop(plan));
    this.code = generateDecoder(this.plans);
    const stored = spec.columns.map(({ dtype }): DTypeInfo => dtype.item ?? dtype);
    this.exact = stored.some(({ kind }) => isBigIntKind(kind));
    this.hasText = stored.some(({ kind }) => kind === 'utf8');
  }

  fromRecords(pass: DecodePass, records: readonly unknown[]): Frame {
    return this.finish(pass, this.code.records(pass, records));
  }

  /** `pass.rows` is the length of the first column; others must be as long. */
  fromColumns(pass: DecodePass, columns: Readonly<Record<string, unknown>>): Frame {
    const rooms = this.plans.map((plan, i) => {
      const { name, nullable, default: fallback } = plan.spec;
      const given = Object.hasOwn(columns, name) ? columns[name] : undefined;
      if (given === undefined) {
        if (!nullable && fallback === undefined) pass.violate(-1, name, 'required', undefined, `${name} is missing`);
        else return this.code.columns[i]!(pass, NO_CELLS);
      } else if (!Array.isArray(given))
        pass.violate(-1, name, 'dtype', given, `${name} must be an array of ${pass.rows} values`);
      else if (given.length !== pass.rows) {
        pass.violate(
          -1,
          name,
          'shape',
          given.length,
          `${name} has ${given.length} rows, the first column has ${pass.rows}`,
        );
      } else return this.code.columns[i]!(pass, given);
      return plan.open(pass.rows);
    });
    const finished = new Map<string, Column>();
    this.plans.forEach((plan, i) => finished.set(plan.spec.name, plan.close(pass, rooms[i])));
    return this.finish(pass, finished);
  }

  private finish(pass: DecodePass, columns: Map<string, Column>): Frame {
    if (this.spec.checkRecord) checkRecords(this.spec, pass, columns);
    pass.finish();
    return new Frame(columns, pass.rows);
  }
}
