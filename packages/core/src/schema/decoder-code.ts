import { Column } from '../frame/column.js';
import { type DTypeKind, isNumberKind } from '../frame/dtype.js';
import { toFloat16Bits } from '../frame/float16.js';
import { arrayTypeOf } from '../frame/storage.js';
import { NUMBER_RANGE } from './cell-converter.js';
import type { ColumnPlan } from './column-plan.js';
import type { DecodePass } from './decode-pass.js';
import { Constants, ruleCode } from './rule-code.js';
import type { ColumnSpec } from './spec.js';

/** Fills typed columns from records. */
export type RecordsLoop = (pass: DecodePass, records: readonly unknown[]) => Map<string, Column>;
/** Fills the storage of one column from its cells. */
export type ColumnLoop = (pass: DecodePass, cells: ArrayLike<unknown>) => unknown;

export interface DecoderCode {
  readonly records: RecordsLoop;
  readonly columns: readonly ColumnLoop[];
}

const same = (bound: number): number => bound;

/** V8 does not optimise very long functions (1,000 columns in one took 4.4 times JSON.parse, in parts 1.5). */
const MAX_COLUMNS_PER_FUNCTION = 128;

/** Fills some of a schema's columns from opened records; `absent` counts each row's missing cells. */
type PartLoop = (
  pass: DecodePass,
  records: readonly (Record<string, unknown> | undefined)[],
  absent: Uint32Array,
  columns: Map<string, Column>,
) => void;

/**
 * One schema's loops as generated code. For each column the code knows when a value is plainly right (type, range,
 * rules) and stores it at once; anything else goes to the column's plan, which is complete but slower.
 */
export function generateDecoder(plans: readonly ColumnPlan[]): DecoderCode {
  const constants = new Constants();
  const columns = plans.map((plan) => columnLoopCode(plan, constants.name(plan), constants));
  const wide = plans.length > MAX_COLUMNS_PER_FUNCTION;
  const loops = wide ? parts(plans).map((part) => partLoopCode(part, constants)) : [wholeLoopCode(plans, constants)];
  const source = `'use strict'; return { records: [${loops.join(',\n')}], columns: [${columns.join(',\n')}] };`;
  const names = constants.values.map((_, i) => `k${i}`);
  const made = new Function(...names, source)(...constants.values) as { records: unknown[]; columns: ColumnLoop[] };
  const records = wide ? joined(made.records as PartLoop[], plans.length) : (made.records[0] as RecordsLoop);
  return { records, columns: made.columns };
}

function parts(plans: readonly ColumnPlan[]): ColumnPlan[][] {
  const count = Math.ceil(plans.length / MAX_COLUMNS_PER_FUNCTION);
  return Array.from({ length: count }, (_, i) =>
    plans.slice(i * MAX_COLUMNS_PER_FUNCTION, (i + 1) * MAX_COLUMNS_PER_FUNCTION),
  );
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function joined(loops: readonly PartLoop[], width: number): RecordsLoop {
  return (pass, rows) => {
    const records = rows.map((row, i) => (isRecord(row) ? row : pass.open(row, i)));
    const absent = new Uint32Array(rows.length);
    const columns = new Map<string, Column>();
    for (const loop of loops) loop(pass, records, absent, columns);
    for (let i = 0; i < records.length; i++) {
      let keys = width - absent[i]!;
      for (const _ in records[i]) keys--;
      if (records[i] !== undefined && keys !== 0) pass.extra(records[i]!, i);
    }
    return columns;
  };
}

function wholeLoopCode(plans: readonly ColumnPlan[], constants: Constants): string {
  return `function (pass, records) {
    const n = pass.rows, checkText = pass.checkText;
    ${roomsCode(plans, constants)}
    let v, missing = 0, keys = 0;
    for (let i = 0; i < n; i++) {
      let record = records[i];
      if (typeof record !== 'object' || record === null || Array.isArray(record)) {
        record = pass.open(record, i);
        if (record === undefined) continue;
      }
      missing = 0;
      ${cellsCode(plans, constants)}
      keys = ${plans.length} - missing;
      for (const _ in record) keys--;
      if (keys !== 0) pass.extra(record, i);
    }
    const columns = new Map(), validity = pass.validity;
    ${closingCode(plans, constants)}
    return columns;
  }`;
}

function partLoopCode(plans: readonly ColumnPlan[], constants: Constants): string {
  return `function (pass, records, absent, columns) {
    const n = pass.rows, checkText = pass.checkText;
    ${roomsCode(plans, constants)}
    let v, missing = 0;
    for (let i = 0; i < n; i++) {
      const record = records[i];
      if (record === undefined) continue;
      missing = 0;
      ${cellsCode(plans, constants)}
      absent[i] += missing;
    }
    const validity = pass.validity;
    ${closingCode(plans, constants)}
  }`;
}

function roomsCode(plans: readonly ColumnPlan[], constants: Constants): string {
  return plans.map((plan) => `const r${plan.index} = ${roomCode(plan, constants.name(plan), 'n')};`).join('\n');
}

function cellsCode(plans: readonly ColumnPlan[], constants: Constants): string {
  const cells = plans.map((plan) => {
    const room = `r${plan.index}`;
    const otherwise = `if (v === undefined) missing++; ${constants.name(plan)}.cell(pass, i, v, ${room});`;
    return `v = ${readCode(plan.spec, constants)};\n${cellCode(plan, room, otherwise, constants)}`;
  });
  return cells.join('\n');
}

function closingCode(plans: readonly ColumnPlan[], constants: Constants): string {
  return plans
    .map((plan) => `columns.set(${JSON.stringify(plan.spec.name)}, ${closeCode(plan, constants)});`)
    .join('\n');
}

function columnLoopCode(plan: ColumnPlan, planName: string, constants: Constants): string {
  return `function (pass, cells) {
    const n = pass.rows, checkText = pass.checkText;
    const r = ${roomCode(plan, planName, 'n')};
    let v;
    for (let i = 0; i < n; i++) {
      v = cells[i];
      ${cellCode(plan, 'r', `${planName}.cell(pass, i, v, r);`, constants)}
    }
    return r;
  }`;
}

function roomCode(plan: ColumnPlan, planName: string, rows: string): string {
  const { dtype } = plan.spec;
  if (plan.size < 0 || !arrayTypeOf(dtype)) return `${planName}.open(${rows})`;
  return `new ${(arrayTypeOf(dtype) as unknown as { name: string }).name}(${rows}${plan.size === 1 ? '' : ` * ${plan.size}`})`;
}

/** The finished column, as {@link ColumnPlan.close} makes it; spelt out for scalars, which are most. */
function closeCode(plan: ColumnPlan, constants: Constants): string {
  const room = `r${plan.index}`;
  if (plan.size < 0 || plan.spec.shape.length > 0) return `${constants.name(plan)}.close(pass, ${room})`;
  const [column, dtype] = [constants.name(Column), constants.name(plan.spec.dtype)];
  const validity = `validity === undefined ? undefined : validity[${plan.index}]`;
  return `new ${column}({ dtype: ${dtype}, data: ${room}, length: n, shape: undefined, validity: ${validity} })`;
}

/** Reads an own property; a plain read is one only where no object inherits such a name. */
function readCode({ name }: ColumnSpec, constants: Constants): string {
  const key = JSON.stringify(name);
  return name in Object.prototype
    ? `(${constants.name(Object.hasOwn)}(record, ${key}) ? record[${key}] : undefined)`
    : `record[${key}]`;
}

function cellCode(plan: ColumnPlan, room: string, otherwise: string, constants: Constants): string {
  const { spec } = plan;
  const scalar = spec.shape.length === 0;
  const test = valueTest(spec, constants, scalar);
  if (test === undefined || plan.size < 0) return otherwise;
  if (scalar) return `if (${test}) ${room}[i] = ${storedCode(spec.dtype.kind, constants)}; else { ${otherwise} }`;
  if (!vectorRulesAreEach(spec)) return otherwise;
  return `if (Array.isArray(v) && v.length === ${plan.size}) {
      const cell = v, at = i * ${plan.size};
      let j = 0;
      for (; j < ${plan.size}; j++) { v = cell[j]; if (${test}) ${room}[at + j] = ${storedCode(spec.dtype.kind, constants)}; else break; }
      if (j < ${plan.size}) { v = cell; ${otherwise} }
    } else { ${otherwise} }`;
}

function vectorRulesAreEach(spec: ColumnSpec): boolean {
  return spec.rules.every(({ each }) => each);
}

/** When the value in `v` is plainly a good one; `undefined` for dtypes whose values always go to the plan. */
function valueTest(spec: ColumnSpec, constants: Constants, scalar: boolean): string | undefined {
  const type = typeTest(spec.dtype.kind);
  if (type === undefined) return undefined;
  const rules = spec.rules
    .filter(({ each }) => scalar || each)
    .map((rule) => ruleCode(rule, spec.dtype.kind, same, constants));
  return [type, ...rules.filter((code) => code !== 'true')].join(' && ');
}

function typeTest(kind: DTypeKind): string | undefined {
  if (kind === 'bool') return `typeof v === 'boolean'`;
  if (kind === 'utf8') return `typeof v === 'string' && !checkText`;
  if (!isNumberKind(kind)) return undefined;
  const [low, high] = NUMBER_RANGE[kind]!;
  if (kind[0] === 'f') return `typeof v === 'number' && v > ${low} && v < ${high}`;
  const whole = kind === 'u32' ? '(v >>> 0) === v' : '(v | 0) === v';
  return `typeof v === 'number' && ${whole}${kind.endsWith('32') ? '' : ` && v >= ${low} && v <= ${high}`}`;
}

function storedCode(kind: DTypeKind, constants: Constants): string {
  if (kind === 'bool') return 'v ? 1 : 0';
  return kind === 'f16' ? `${constants.name(toFloat16Bits)}(v)` : 'v';
}
