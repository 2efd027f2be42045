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

/**
 * One schema's loops as generated code. For each column the code knows when a value is plainly right (type, range,
 * rules) and stores it at once; anything else goes to the column's plan, which is complete but slower.
 */
export function generateDecoder(plans: readonly ColumnPlan[]): DecoderCode {
  const constants = new Constants();
  const planNames = plans.map((plan) => constants.name(plan));
  const columns = plans.map((plan, i) => columnLoopCode(plan, planNames[i]!, constants));
  const source = `'use strict'; return { records: ${recordsLoopCode(plans, planNames, constants)}, columns: [${columns.join(',\n')}] };`;
  const names = constants.values.map((_, i) => `k${i}`);
  return new Function(...names, source)(...constants.values) as DecoderCode;
}

function recordsLoopCode(plans: readonly ColumnPlan[], planNames: readonly string[], constants: Constants): string {
  const rooms = plans.map((plan, i) => `const r${i} = ${roomCode(plan, planNames[i]!, 'n')};`);
  const cells = plans.map((plan, i) => {
    const missing = `if (v === undefined) missing++; ${planNames[i]}.cell(pass, i, v, r${i});`;
    return `v = ${readCode(plan.spec, constants)};\n${cellCode(plan, `r${i}`, missing, constants)}`;
  });
  const closing = plans.map(
    (plan, i) => `columns.set(${JSON.stringify(plan.spec.name)}, ${closeCode(plan, i, planNames[i]!, constants)});`,
  );
  return `function (pass, records) {
    const n = pass.rows, checkText = pass.checkText;
    ${rooms.join('\n')}
    let v, missing = 0, keys = 0;
    for (let i = 0; i < n; i++) {
      let record = records[i];
      if (typeof record !== 'object' || record === null || Array.isArray(record)) {
        record = pass.open(record, i);
        if (record === undefined) continue;
      }
      missing = 0;
      ${cells.join('\n')}
      keys = ${plans.length} - missing;
      for (const _ in record) keys--;
      if (keys !== 0) pass.extra(record, i);
    }
    const columns = new Map(), validity = pass.validity;
    ${closing.join('\n')}
    return columns;
  }`;
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
function closeCode(plan: ColumnPlan, i: number, planName: string, constants: Constants): string {
  if (plan.size < 0 || plan.spec.shape.length > 0) return `${planName}.close(pass, r${i})`;
  const [column, dtype] = [constants.name(Column), constants.name(plan.spec.dtype)];
  return `new ${column}({ dtype: ${dtype}, data: r${i}, length: n, shape: undefined, validity: validity === undefined ? undefined : validity[${i}] })`;
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
