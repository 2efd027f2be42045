import type { TensorData } from '@witan/inference';
import type { Datatype } from '../../infer-types.js';
import { oipError } from '../../oip.errors.js';
import { elementCount, printShape } from '../../tensor/datatype.js';
import type { JsonCursor } from './json-cursor.js';
import { bigIntRun, boolRun, floatRun, intRun, type RunOf, textRun, wrongCount } from './value-runs.js';

const OPEN = 0x5b;
const CLOSE = 0x5d;

/** Reads `count` values into place `from` on, and the bracket behind them. */
type ReadRun = (cursor: JsonCursor, of: RunOf, from: number, count: number) => void;

/**
 * The values of a tensor in JSON: flat in row-major order, or nested in its shape.
 * @throws {OIP_ERR_INPUT | OIP_ERR_REQUEST}
 */
export function jsonValues(cursor: JsonCursor, name: string, datatype: Datatype, shape: readonly number[]): TensorData {
  const count = elementCount(shape);
  const of: RunOf = { name, datatype, count };
  cursor.expect(OPEN);
  // Every value takes a byte and a comma or bracket: more than the text can hold are not worth an array.
  if (!(2 * count <= cursor.bytes.length - cursor.at)) throw wrongCount(of, 'fewer');
  const { data, read } = target(of, datatype);
  if (shape.length > 1 && cursor.peek() === OPEN) readNested(cursor, of, shape, 0, 0, read);
  else read(cursor, of, 0, count);
  return data;
}

/** The cursor stands behind the bracket that opens this level. */
function readNested(
  cursor: JsonCursor,
  of: RunOf,
  shape: readonly number[],
  level: number,
  from: number,
  read: ReadRun,
): number {
  const size = shape[level]!;
  if (level === shape.length - 1) {
    read(cursor, of, from, size);
    return from + size;
  }
  let at = from;
  for (let i = 0; i < size; i++) {
    if (i > 0 && !cursor.skip(0x2c)) throw ragged(of, shape);
    if (!cursor.skip(OPEN)) throw ragged(of, shape);
    at = readNested(cursor, of, shape, level + 1, at, read);
  }
  if (!cursor.skip(CLOSE)) throw ragged(of, shape);
  return at;
}

function ragged({ name }: RunOf, shape: readonly number[]): Error {
  return oipError(
    'OIP_ERR_INPUT',
    `input '${name}': its data is nested, and not as its shape ${printShape(shape)} is; flat data in row-major order is taken too`,
  );
}

const INTS = {
  INT8: [Int8Array, -128, 127],
  INT16: [Int16Array, -32_768, 32_767],
  INT32: [Int32Array, -(2 ** 31), 2 ** 31 - 1],
  UINT8: [Uint8Array, 0, 255],
  UINT16: [Uint16Array, 0, 65_535],
  UINT32: [Uint32Array, 0, 2 ** 32 - 1],
} as const;

function target({ name, count }: RunOf, datatype: Datatype): { data: TensorData; read: ReadRun } {
  switch (datatype) {
    case 'FP32':
    case 'FP64': {
      const data = datatype === 'FP32' ? new Float32Array(count) : new Float64Array(count);
      return { data, read: (cursor, of, from, length) => floatRun(cursor, of, data, from, length) };
    }
    case 'INT64':
    case 'UINT64': {
      const data = datatype === 'INT64' ? new BigInt64Array(count) : new BigUint64Array(count);
      return { data, read: (cursor, of, from, length) => bigIntRun(cursor, of, data, from, length) };
    }
    case 'BOOL': {
      const data = new Uint8Array(count);
      return { data, read: (cursor, of, from, length) => boolRun(cursor, of, data, from, length) };
    }
    case 'BYTES': {
      const data: string[] = [];
      return { data, read: (cursor, of, _from, length) => textRun(cursor, of, data, length) };
    }
    case 'FP16':
    case 'BF16':
      throw oipError(
        'OIP_ERR_INPUT',
        `sending ${datatype} data via JSON is not supported. Please use the binary data format for input '${name}'`,
      );
    default: {
      const [Values, min, max] = INTS[datatype];
      const data = new Values(count);
      return { data, read: (cursor, of, from, length) => intRun(cursor, of, data, from, length, min, max) };
    }
  }
}
