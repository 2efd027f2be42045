import { type Column, isDictionary, type NumericArray, scalarValue } from '../frame/column.js';
import { isNumberKind } from '../frame/dtype.js';
import { fromFloat16Bits } from '../frame/float16.js';
import type { Converted } from './cell-converter.js';
import type { ColumnPlan } from './column-plan.js';
import type { DecodePass } from './decode-pass.js';
import { Constants, ruleCode } from './rule-code.js';

/** Calls `suspect` with the index of each value that may break a rule. */
type Scan = (data: ArrayLike<unknown>, count: number, suspect: (index: number) => void) => void;

/** Runs a column's rules over a finished column: the same rules as in the decoding pass, with no object per row. */
export class RuleLoop {
  private readonly scan: Scan | undefined;

  constructor(private readonly plan: ColumnPlan) {
    this.scan = plan.rules.count > 0 ? scanOf(plan) : undefined;
  }

  run(pass: DecodePass, column: Column): void {
    if (this.plan.rules.count === 0) return;
    if (this.scan && ArrayBuffer.isView(column.data)) this.scanValues(pass, column, column.data as NumericArray);
    else if (isDictionary(column.data) && column.shape.length === 0) this.scanCodes(pass, column);
    else for (let row = 0; row < column.length; row++) this.checkRow(pass, column, row);
  }

  private scanValues(pass: DecodePass, column: Column, data: NumericArray): void {
    let checked = -1;
    this.scan!(data, column.length * column.size, (index) => {
      const row = Math.floor(index / column.size);
      if (row !== checked) this.checkRow(pass, column, row);
      checked = row;
    });
  }

  /** Each distinct text once. */
  private scanCodes(pass: DecodePass, column: Column): void {
    if (!isDictionary(column.data)) return;
    const { codes, values } = column.data;
    const bad = values.map((text) => !this.plan.rules.accept(text));
    for (let row = 0; row < column.length; row++) if (bad[codes[row]!]) this.checkRow(pass, column, row);
  }

  private checkRow(pass: DecodePass, column: Column, row: number): void {
    if (column.isNull(row)) return;
    if (column.dtype.kind === 'list') {
      const { offsets, values } = column.data as { offsets: Int32Array; values: Column };
      this.plan.rules.array(pass, row, cellValues(values, offsets[row]!, offsets[row + 1]!));
    } else if (column.shape.length > 0)
      this.plan.rules.array(pass, row, cellValues(column, row * column.size, (row + 1) * column.size));
    else this.plan.rules.scalar(pass, row, storedValue(column, row));
  }
}

function cellValues(column: Column, start: number, end: number): Converted[] {
  return Array.from({ length: end - start }, (_, i) => storedValue(column, start + i));
}

/** A stored value as a converter would have given it. */
function storedValue(column: Column, index: number): Converted {
  const data = column.data;
  const { kind } = column.dtype;
  if (kind === 'bool') return (data as Uint8Array)[index] !== 0;
  if (kind === 'f16') return fromFloat16Bits((data as Uint16Array)[index]!);
  if (kind === 'f32') return shortest((data as Float32Array)[index]!);
  return kind === 'utf8' ? (scalarValue(column, index) as string) : (data as ArrayLike<Converted>)[index]!;
}

/** The decimal that a person would have written for an f32: 0.1, not 0.10000000149011612. */
function shortest(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

/** Generated for numbers whose rules hold for each value; anything else is checked row by row. */
function scanOf({ spec }: ColumnPlan): Scan | undefined {
  const { kind } = spec.dtype;
  const each = spec.shape.length === 0 || spec.rules.every((rule) => rule.each);
  if (!isNumberKind(kind) || kind === 'f16' || !each) return undefined;
  const constants = new Constants();
  // An f32 column cannot hold 0.1: its nearest value must still pass @Max(0.1).
  const round = kind === 'f32' ? Math.fround : (bound: number) => bound;
  const tests = spec.rules.map((rule) => ruleCode(rule, kind, round, constants)).filter((code) => code !== 'true');
  if (kind[0] === 'f') tests.unshift('v - v === 0');
  if (tests.length === 0) return () => {};
  const source = `'use strict'; return function (data, count, suspect) { for (let i = 0; i < count; i++) { const v = data[i]; if (!(${tests.join(' && ')})) suspect(i); } }`;
  return new Function(...constants.values.map((_, i) => `k${i}`), source)(...constants.values) as Scan;
}
