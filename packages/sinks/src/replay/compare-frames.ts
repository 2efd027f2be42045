import type { Column, Frame } from '@witan/core/frame';
import { SCORES } from '../destinations/hushar/decode-inference-logs.js';
import { scoresColumn } from '../destinations/hushar/scores.js';
import { toleranceOf, type Tolerance, type ToleranceOption } from './tolerance.js';

/** A cell that came out otherwise. `undefined`: there is no such column, or no such row. */
export interface CellDifference {
  readonly row: number;
  readonly column: string;
  readonly logged: unknown;
  readonly replayed: unknown;
}

/** What was seen while two answers were compared. */
export interface FrameComparison {
  readonly rows: number;
  readonly equalRows: number;
  /** The largest distance of two numbers, by column; of floats and integers, where both are numbers. */
  readonly distances: ReadonlyMap<string, number>;
  /** Rows of each column that are not the same. */
  readonly differentRows: ReadonlyMap<string, number>;
  /** The first ones. */
  readonly examples: readonly CellDifference[];
}

/** Compares an answer with the logged one: column by column by name, row by row in order. */
export function compareFrames(
  logged: Frame,
  replayed: Frame,
  tolerance: ToleranceOption | undefined,
  maxExamples: number,
): FrameComparison {
  const [one, other] = alike(logged, replayed);
  const rows = Math.max(logged.rows, replayed.rows);
  const isDifferent = new Uint8Array(rows);
  const distances = new Map<string, number>();
  const differentRows = new Map<string, number>();
  const examples: CellDifference[] = [];
  for (const name of new Set([...one.keys(), ...other.keys()])) {
    const [a, b] = [one.get(name), other.get(name)];
    const compare = new CellComparison(a && toleranceOf(a.dtype, tolerance));
    let count = 0;
    for (let row = 0; row < rows; row++) {
      const [x, y] = [cell(a, row), cell(b, row)];
      if (a && b && compare.isSame(x, y)) continue;
      isDifferent[row] = 1;
      count++;
      if (examples.length < maxExamples) examples.push({ row, column: name, logged: x, replayed: y });
    }
    if (count > 0) differentRows.set(name, count);
    if (compare.distance > 0) distances.set(name, compare.distance);
  }
  const equalRows = isDifferent.reduce((total, different) => total + 1 - different, 0);
  return { rows, equalRows, distances, differentRows, examples };
}

/** Hushar's logs have scores in place of columns: those of the answer are compared then. */
function alike(logged: Frame, replayed: Frame): readonly [ReadonlyMap<string, Column>, ReadonlyMap<string, Column>] {
  const isScores = logged.columns.size === 1 && logged.columns.has(SCORES) && !replayed.columns.has(SCORES);
  return [logged.columns, isScores ? new Map([[SCORES, scoresColumn(replayed)]]) : replayed.columns];
}

function cell(column: Column | undefined, row: number): unknown {
  return column && row < column.length ? column.get(row) : undefined;
}

/** Compares cells and remembers how far numbers lay apart. */
class CellComparison {
  distance = 0;

  constructor(private readonly tolerance: Required<Tolerance> | undefined) {}

  isSame(a: unknown, b: unknown): boolean {
    if (isNumber(a) && isNumber(b)) return this.isNear(a, b);
    if (isSequence(a) && isSequence(b)) {
      if (a.length !== b.length) return false;
      let same = true;
      // All of them, so that the distance is the largest.
      for (let i = 0; i < a.length; i++) if (!this.isSame(a[i], b[i])) same = false;
      return same;
    }
    if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
    return a === b;
  }

  private isNear(a: number | bigint, b: number | bigint): boolean {
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
    const exact = typeof a === 'bigint' && typeof b === 'bigint';
    const distance = exact ? Number(a > b ? a - b : b - a) : Math.abs(Number(a) - Number(b));
    if (!Number.isNaN(distance)) this.distance = Math.max(this.distance, distance);
    const { absolute, relative } = this.tolerance!;
    return Number.isFinite(distance) && distance <= absolute + relative * Math.abs(Number(a));
  }
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function isSequence(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || ArrayBuffer.isView(value);
}
