import { columnOf, type Column, type DType, Frame, Column as FrameColumn } from '@witan/core/frame';
import * as fc from 'fast-check';
import type { LogRecord } from '../sink/log-record.js';

const i64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const text = fc.string({ unit: 'grapheme', maxLength: 70 });
const VALUES: readonly (readonly [DType, fc.Arbitrary<unknown>])[] = [
  ['bool', fc.boolean()],
  ['i8', fc.integer({ min: -128, max: 127 })],
  ['u32', fc.integer({ min: 0, max: 2 ** 32 - 1 })],
  ['i64', i64],
  ['f16', fc.double({ min: -65504, max: 65504 })],
  ['f32', fc.float()],
  ['f64', fc.double()],
  ['utf8', text],
  ['binary', fc.uint8Array({ maxLength: 20 })],
  ['date32', fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })],
  ['timestamp(ms, Europe/Berlin)', i64],
  ['duration(ns)', i64],
];

/** A column of a scalar, vector or list dtype, with or without nulls; texts also as a dictionary. */
function anyColumn(rows: number): fc.Arbitrary<Column> {
  return fc
    .tuple(fc.constantFrom(...VALUES), fc.constantFrom('scalar', 'vector', 'list', 'dictionary'), fc.boolean())
    .chain(([[dtype, value], form, nullable]) => {
      const cell =
        form === 'vector'
          ? fc.array(value, { minLength: 6, maxLength: 6 })
          : form === 'list'
            ? fc.array(value, { maxLength: 4 })
            : value;
      const cells = fc.array(nullable ? fc.option(cell) : cell, { minLength: rows, maxLength: rows });
      return cells.map((values) => {
        if (form === 'list') return columnOf(`list<${dtype}>` as DType, values);
        const built = columnOf(dtype, values, form === 'vector' ? { shape: [2, 3] } : {});
        return form === 'dictionary' && dtype === 'utf8' ? asDictionary(built) : built;
      });
    });
}

function asDictionary(column: Column): Column {
  const cells = column.strings();
  const values = [...new Set(cells)].reverse();
  const codes = Int32Array.from(cells, (cell) => values.indexOf(cell));
  return new FrameColumn({ dtype: 'utf8', length: column.length, validity: column.validity, data: { codes, values } });
}

/** Often a slice, so that nothing relies on storage that begins at 0. */
const anyFrame: fc.Arbitrary<Frame> = fc
  .tuple(fc.uniqueArray(fc.oneof(text, fc.constant('__proto__')), { maxLength: 4 }), fc.integer({ min: 0, max: 17 }))
  .chain(([names, rows]) =>
    fc.tuple(fc.constant(names), fc.tuple(...names.map(() => anyColumn(rows))), fc.integer({ min: 0, max: rows })),
  )
  .map(([names, columns, start]) => {
    const rows = columns[0]?.length ?? start;
    return new Frame(
      names.map((name, i) => [name, columns[i]!] as const),
      rows,
    ).slice(start);
  });

const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const ms = fc.double({ min: 0, max: 1e6, noNaN: true });

/** Any record that could be made; parts that are absent are `undefined`. */
export const anyRecord: fc.Arbitrary<LogRecord> = fc.record({
  id: fc.uuid({ version: 7 }),
  requestId: text,
  traceId: maybe(fc.stringMatching(/^[0-9a-f]{32}$/)),
  epochMs: fc.integer({ min: 0, max: 2 ** 48 }),
  kind: fc.constantFrom('handler' as const, 'service' as const, 'model' as const),
  point: text,
  service: text,
  model: maybe(text),
  version: maybe(text),
  alias: maybe(text),
  experiment: maybe(text),
  variant: maybe(text),
  input: maybe(anyFrame),
  output: maybe(anyFrame),
  error: maybe(fc.record({ code: text, message: text })),
  durationMs: ms,
  phases: maybe(fc.record({ queueMs: ms, inferMs: ms }, { requiredKeys: [] })),
  raw: maybe(fc.record({ contentType: text, body: fc.uint8Array({ maxLength: 300 }) })),
});
