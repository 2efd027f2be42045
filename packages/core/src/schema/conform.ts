import type { Column } from '../frame/column.js';
import { Frame } from '../frame/frame.js';
import { checkRecords, recordAt } from './check-records.js';
import { castColumn, listsAsVectors } from './column-cast.js';
import type { ColumnPlan } from './column-plan.js';
import { describeFrame, describeSchema } from './compare.js';
import { compiledSchemaOf } from './compiled-schema.js';
import { DecodePass } from './decode-pass.js';
import { unknownText } from './request-pass.js';
import { schemaError } from './schema.errors.js';
import type { SchemaSpec } from './spec.js';
import { shapeText } from './vector-shape.js';
import { describeViolation, validationError } from './violations.js';

export interface ConformOptions {
  /**
   * Whose data it is: a request's (the error is CORE_ERR_VALIDATION), or a handler's answer (CORE_ERR_OUTPUT_SCHEMA).
   * @default 'input'
   */
  readonly role?: 'input' | 'output';
  /** How many violations are listed. @default 100 */
  readonly maxViolations?: number;
  /** What the columns of a request that stand in for absent ones may take together. @default no bound */
  readonly maxDecodedBytes?: number;
}

/**
 * A Frame that came by Arrow or protobuf, or from a handler, as a Frame of the schema: columns present, dtypes equal
 * (or widened where the type alone says that nothing is lost), shapes and nulls as declared, rules kept. A Frame that
 * needs nothing is returned as it is.
 * @throws {CORE_ERR_VALIDATION} for a request that breaks the schema
 * @throws {CORE_ERR_OUTPUT_SCHEMA} for a handler's answer that does
 */
export function conformFrame<T extends object>(
  spec: SchemaSpec,
  frame: Frame<T>,
  options: ConformOptions = {},
): Frame<T> {
  const { plans, loops, names } = compiledSchemaOf(spec);
  const pass = new FramePass(spec, names, frame, options);
  const changed = new Map<string, Column>();
  let present = 0;
  for (let i = 0; i < plans.length; i++) {
    const name = plans[i]!.spec.name;
    const given = frame.columns.get(name);
    if (given) present++;
    const column = given ? conformColumn(pass, plans[i]!, given) : pass.absent(plans[i]!);
    if (!column) continue;
    loops[i]!.run(pass, column);
    if (column !== given) changed.set(name, column);
  }
  if (present < frame.columns.size) pass.refuseExtra();
  const columns = present === frame.columns.size && changed.size === 0 ? frame.columns : pass.assemble(changed);
  if (spec.checkRecord) checkRecords(spec, pass, columns);
  pass.finish();
  return columns === frame.columns ? frame : new Frame<T>(columns, frame.rows, frame.origin, frame.source);
}

/**
 * Plain records from a handler as a Frame of its output schema.
 * @throws {CORE_ERR_OUTPUT_SCHEMA} (CORE_ERR_VALIDATION with role 'input') when they break it
 */
export function conformRecords(spec: SchemaSpec, records: readonly unknown[], options: ConformOptions = {}): Frame {
  const compiled = compiledSchemaOf(spec);
  return compiled.fromRecords(new RecordsPass(spec, compiled.names, records, options), records);
}

function conformColumn(pass: FramePass, plan: ColumnPlan, given: Column): Column | undefined {
  const { name, dtype, shape, nullable } = plan.spec;
  const fitting =
    given.dtype === dtype && shape.length === 0 && given.shape.length === 0 ? given : fitColumn(pass, plan, given);
  if (!fitting || nullable || !fitting.validity) return fitting;
  for (let row = 0; row < fitting.length; row++)
    if (fitting.isNull(row)) pass.violate(row, name, 'null', null, `${name} must not be null`);
  return fitting;
}

function fitColumn(pass: FramePass, plan: ColumnPlan, given: Column): Column | undefined {
  const { name, dtype, shape } = plan.spec;
  if (given.dtype.kind === 'list' && dtype.kind !== 'list' && shape.length === 1) return fitLists(pass, plan, given);
  const cast = castColumn(given, dtype);
  if (!cast) {
    pass.violate(-1, name, 'dtype', given.dtype.name, `${name} is ${given.dtype.name}, must be ${dtype.name}`);
    return undefined;
  }
  if (shape.length === cast.shape.length && shape.every((size, i) => size === null || size === cast.shape[i]))
    return cast;
  pass.violate(
    -1,
    name,
    'shape',
    cast.shape,
    `${name} has the shape ${shapeText(cast.shape)}, must have ${shapeText(shape)}`,
  );
  return undefined;
}

function fitLists(pass: FramePass, plan: ColumnPlan, given: Column): Column | undefined {
  const { name, dtype, shape } = plan.spec;
  const vectors = listsAsVectors(given, dtype, shape[0]!);
  if (vectors && 'data' in vectors) return vectors;
  if (vectors)
    pass.violate(
      vectors.row,
      name,
      'shape',
      vectors.length,
      `${name} must have shape ${shapeText(shape)}, got ${vectors.length} values`,
    );
  else
    pass.violate(
      -1,
      name,
      'dtype',
      given.dtype.name,
      `${name} is ${given.dtype.name}, must be ${dtype.name}${shapeText(shape)}`,
    );
  return undefined;
}

class FramePass extends DecodePass {
  constructor(
    private readonly spec: SchemaSpec,
    private readonly names: ReadonlySet<string>,
    private readonly frame: Frame<object>,
    private readonly options: ConformOptions,
  ) {
    super(
      frame.rows,
      true,
      false,
      options.maxViolations,
      options.role === 'output' ? Infinity : options.maxDecodedBytes,
    );
  }

  override record(row: number): Record<string, unknown> {
    return recordAt(this.frame.columns, row);
  }

  override open(): undefined {}

  override extra(): void {}

  /** The column that stands in for one that the frame has not. */
  absent(plan: ColumnPlan): Column | undefined {
    const { name, nullable, default: fallback } = plan.spec;
    if (fallback === undefined && !nullable) {
      this.violate(-1, name, 'required', undefined, `${name} is missing`);
      return undefined;
    }
    this.takeBytes(this.rows * plan.bytesPerRow);
    const room = plan.open(this.rows);
    for (let row = 0; row < this.rows; row++) plan.cell(this, row, undefined, room);
    return plan.close(this, room);
  }

  /** The frame has columns that the schema does not name. */
  refuseExtra(): void {
    if (this.spec.unknown === 'ignore') return;
    for (const [name, { dtype }] of this.frame.columns) {
      if (!this.names.has(name)) this.violate(-1, name, 'unknown', dtype.name, unknownText(name, this.spec));
    }
  }

  assemble(changed: ReadonlyMap<string, Column>): Map<string, Column> {
    const columns = new Map<string, Column>();
    for (const { name } of this.spec.columns) {
      const column = changed.get(name) ?? this.frame.columns.get(name);
      if (column) columns.set(name, column);
    }
    return columns;
  }

  protected override error(): Error {
    return this.options.role === 'output'
      ? outputError(this, this.spec, describeFrame(this.frame))
      : validationError(this.violations);
  }
}

class RecordsPass extends DecodePass {
  constructor(
    private readonly spec: SchemaSpec,
    private readonly names: ReadonlySet<string>,
    private readonly records: readonly unknown[],
    private readonly options: ConformOptions,
  ) {
    super(records.length, true, false, options.maxViolations);
  }

  override record(row: number): Record<string, unknown> {
    const value = this.records[row];
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  }

  override open(value: unknown, row: number): undefined {
    this.violate(row, '', 'dtype', value, 'a record must be an object');
  }

  override extra(record: Record<string, unknown>, row: number): void {
    if (this.spec.unknown === 'ignore') return;
    for (const key of Object.keys(record)) {
      if (!this.names.has(key)) this.violate(row, key, 'unknown', record[key], unknownText(key, this.spec));
    }
  }

  protected override error(): Error {
    return this.options.role === 'output'
      ? outputError(this, this.spec, `${this.rows} records`)
      : validationError(this.violations);
  }
}

function outputError({ violations }: DecodePass, spec: SchemaSpec, given: string): Error {
  return schemaError(
    'CORE_ERR_OUTPUT_SCHEMA',
    `a handler's answer breaks its output schema: ${describeViolation(violations.list[0]!)}\nit gave ${given}\nit must give ${describeSchema(spec)}`,
  );
}
