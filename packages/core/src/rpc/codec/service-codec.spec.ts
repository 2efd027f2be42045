import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { Column, type ColumnData } from '../../frame/column.js';
import { type DType, type DTypeKind, parseDType } from '../../frame/dtype.js';
import { Frame } from '../../frame/frame.js';
import { WitanError } from '../../errors/witan-error.js';
import type { ColumnSpec, SchemaSpec } from '../../schema/spec.js';
import type { ServiceDefinition } from '../../service/runtime.js';
import { frameCodecs } from '../frame-codecs.js';
import { column, definition, messageTypes, schema } from '../harness.spec.support.js';
import type { RowsForm } from './request-envelope.js';
import { ServiceCodec } from './service-codec.js';

const SCALARS: DType[] = [
  'bool',
  'i8',
  'i16',
  'i32',
  'i64',
  'u8',
  'u16',
  'u32',
  'u64',
  'f16',
  'f32',
  'f64',
  'utf8',
  'binary',
  'date32',
  'timestamp(us)',
  'duration(ns)',
];

/** Every dtype as scalar, nullable scalar, vector, open vector and list. */
const EVERYTHING: SchemaSpec = schema('Everything', [
  ...SCALARS.map((dtype, i) => column(`s${i}`, dtype)),
  ...SCALARS.map((dtype, i) => column(`n${i}`, dtype, { nullable: true })),
  ...SCALARS.map((dtype, i) => column(`v${i}`, dtype, { shape: [3] })),
  ...SCALARS.map((dtype, i) => column(`l${i}`, `list<${dtype}>` as DType)),
  column('open', 'f32', { shape: [null] }),
  column('openStrings', 'utf8', { shape: [null] }),
  column('image', 'u8', { shape: [null, null, 2] }),
]);

const RANGES: Partial<Record<DTypeKind, [number, number]>> = {
  i8: [-128, 127],
  i16: [-32768, 32767],
  i32: [-(2 ** 31), 2 ** 31 - 1],
  date32: [-(2 ** 31), 2 ** 31 - 1],
  u8: [0, 255],
  u16: [0, 65535],
  u32: [0, 2 ** 32 - 1],
};

/** A stored value of a dtype, as it stands in a column's storage. */
function stored(kind: DTypeKind): fc.Arbitrary<unknown> {
  const range = RANGES[kind];
  if (range) return fc.integer({ min: range[0], max: range[1] });
  switch (kind) {
    case 'bool':
      return fc.integer({ min: 0, max: 1 });
    case 'f16':
      return fc.integer({ min: 0, max: 0x7bff });
    case 'f32':
      return fc.float();
    case 'f64':
      return fc.double();
    case 'utf8':
      return fc.string({ unit: 'binary', maxLength: 40 });
    case 'binary':
      return fc.uint8Array({ maxLength: 20 });
    case 'u64':
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    default:
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  }
}

const ARRAYS: Partial<Record<DTypeKind, { from(values: never[]): ColumnData }>> = {
  bool: Uint8Array,
  i8: Int8Array,
  i16: Int16Array,
  i32: Int32Array,
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  f16: Uint16Array,
  f32: Float32Array,
  f64: Float64Array,
  date32: Int32Array,
  i64: BigInt64Array,
  timestamp: BigInt64Array,
  duration: BigInt64Array,
  u64: BigUint64Array,
} as never;

function storage(kind: DTypeKind, values: unknown[]): ColumnData {
  return ARRAYS[kind] ? ARRAYS[kind].from(values as never[]) : (values as string[]);
}

function cells(spec: ColumnSpec, rows: number): fc.Arbitrary<Column> {
  const { dtype, shape, nullable } = spec;
  if (dtype.kind === 'list') {
    return fc
      .array(fc.array(stored(dtype.item!.kind), { maxLength: 4 }), { minLength: rows, maxLength: rows })
      .map((lists) => {
        const offsets = new Int32Array(rows + 1);
        lists.forEach((list, i) => (offsets[i + 1] = offsets[i]! + list.length));
        const values = new Column({
          dtype: dtype.item!,
          length: offsets[rows]!,
          data: storage(dtype.item!.kind, lists.flat()),
        });
        return new Column({ dtype, length: rows, data: { offsets, values } });
      });
  }
  const sizes = fc.tuple(...shape.map((size) => (size === null ? fc.integer({ min: 1, max: 4 }) : fc.constant(size))));
  return sizes.chain((actual) => {
    const size = actual.reduce((product, dimension) => product * dimension, 1);
    const data = fc.array(stored(dtype.kind), { minLength: rows * size, maxLength: rows * size });
    const nulls = nullable ? fc.array(fc.boolean(), { minLength: rows, maxLength: rows }) : fc.constant([]);
    return fc.tuple(data, nulls).map(([values, isNull]) => {
      let validity: Uint8Array | undefined;
      isNull.forEach(
        (none, row) =>
          none &&
          ((validity ??= new Uint8Array((rows + 7) >> 3).fill(255)), (validity[row >> 3]! &= ~(1 << (row & 7)))),
      );
      return new Column({ dtype, shape: actual, length: rows, data: storage(dtype.kind, values), validity });
    });
  });
}

/** A random Frame of a schema with 1 to 6 rows. */
function frames(spec: SchemaSpec): fc.Arbitrary<Frame> {
  return fc.integer({ min: 1, max: 6 }).chain((rows) =>
    fc.tuple(...spec.columns.map((one) => cells(one, rows))).map(
      (columns) =>
        new Frame(
          spec.columns.map((one, i) => [one.name, columns[i]!] as const),
          rows,
        ),
    ),
  );
}

const service: ServiceDefinition = definition({ input: EVERYTHING, output: EVERYTHING, params: [] });
const codec = new ServiceCodec(service, frameCodecs);
const types = messageTypes([service]);
const requestType = types('iris.v1.IrisPredictRequest');
const responseType = types('iris.v1.IrisPredictResponse');
const SEED = { seed: 20261122, numRuns: 60 };

/** What the bytes of a response hold, written anew by protobufjs: responses and requests have the same row messages. */
function throughProtobufjs(response: Buffer): Buffer {
  const object = responseType.toObject(responseType.decode(response), { longs: String });
  return Buffer.from(requestType.encode(requestType.fromObject(object)).finish());
}

describe('the codec against protobufjs', () => {
  it.each(['rows', 'columns'] as RowsForm[])(
    'reads the %s that protobufjs wrote from what we wrote, and finds the same Frame',
    (form) => {
      fc.assert(
        fc.property(frames(EVERYTHING), (frame) => {
          const opened = codec.open(throughProtobufjs(codec.encode(frame, form)));
          expect(opened.form).toBe(form);
          expect(Frame.equals(opened.read(), frame)).toBe(true);
        }),
        SEED,
      );
    },
  );

  it.each(['rows', 'columns'] as RowsForm[])('writes %s byte for byte as protobufjs does', (form) => {
    const plain = schema(
      'Plain',
      EVERYTHING.columns.filter(({ name }) => /^[s]/.test(name)).map((one) => ({ ...one })),
    );
    const small = definition({ input: plain, output: plain, params: [] });
    const own = new ServiceCodec(small, frameCodecs);
    const type = messageTypes([small])('iris.v1.IrisPredictResponse');
    fc.assert(
      fc.property(frames(plain), (frame) => {
        const bytes = own.encode(frame, form);
        expect(Buffer.from(type.encode(type.decode(bytes)).finish()).equals(bytes)).toBe(true);
      }),
      SEED,
    );
  });

  it('reads what protobufjs wrote unpacked', () => {
    const root = protobuf.parse(
      `syntax = "proto3"; message Row { repeated float v = 1 [packed = false]; repeated int64 l = 2 [packed = false]; } message Req { repeated Row rows = 16; }`,
    ).root;
    const vectors = schema('V', [column('v', 'f32', { shape: [3] }), column('l', 'list<i64>')]);
    const own = new ServiceCodec(definition({ input: vectors, output: vectors, params: [] }), frameCodecs);
    const bytes = root
      .lookupType('Req')
      .encode({ rows: [{ v: [1, 2, 3], l: [4, 5] }] })
      .finish();
    const frame = own.open(Buffer.from(bytes)).read();
    expect(frame.column('v').get(0)).toEqual(Float32Array.of(1, 2, 3));
    expect(frame.column('l').get(0)).toEqual(BigInt64Array.of(4n, 5n));
  });
});

function outcome(message: Buffer): 'frame' | WitanError {
  try {
    codec.open(message).read();
    return 'frame';
  } catch (error) {
    if (WitanError.is(error)) return error;
    throw error;
  }
}

describe('the codec against hostile bytes', () => {
  it('gives a Frame or an error of the caller for every flipped, cut or grown message', () => {
    const damage = fc.record({
      frame: frames(EVERYTHING),
      form: fc.constantFrom<RowsForm>('rows', 'columns', 'arrow'),
      flips: fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 7 })), { minLength: 1, maxLength: 8 }),
      cut: fc.option(fc.nat()),
      tail: fc.uint8Array({ maxLength: 12 }),
    });
    fc.assert(
      fc.property(damage, ({ frame, form, flips, cut, tail }) => {
        let bytes = Buffer.concat([codec.encode(frame, form), tail]);
        for (const [at, bit] of flips) bytes[at % bytes.length]! ^= 1 << bit;
        if (cut !== null) bytes = bytes.subarray(0, cut % bytes.length);
        const result = outcome(bytes);
        if (result !== 'frame')
          expect(['INVALID_ARGUMENT', 'RESOURCE_EXHAUSTED', 'UNIMPLEMENTED']).toContain(result.category);
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  it('gives a Frame or an error for random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void outcome(Buffer.from(bytes))),
      { seed: 3, numRuns: 2000 },
    );
  });

  it('is not confused by the message that came before', () => {
    const good = definition({ params: [] });
    const own = new ServiceCodec(good, frameCodecs);
    const row = { sepal_length: 1, petal_length: 2, name: 'a' };
    const type = messageTypes([good])('iris.v1.IrisPredictRequest');
    const bytes = Buffer.from(type.encode(type.fromObject({ rows: [row] })).finish());
    const bad = new Frame([['sepalLength', new Column({ dtype: 'f32', data: Float32Array.of(1), length: 1 })]]);
    for (let round = 0; round < 3; round++) {
      expect(() => own.encode(bad, 'rows')).toThrow(/petalLength/);
      expect(own.encode(own.open(bytes).read(), 'rows').equals(bytes)).toBe(true);
    }
  });
});

function request(spec: SchemaSpec, object: object): Buffer {
  const own = definition({ input: spec, output: spec, params: [] });
  const type = messageTypes([own])('iris.v1.IrisPredictRequest');
  return Buffer.from(type.encode(type.fromObject(object)).finish());
}

function read(spec: SchemaSpec, object: object): Frame {
  return new ServiceCodec(definition({ input: spec, output: spec, params: [] }), frameCodecs)
    .open(request(spec, object))
    .read();
}

function violations(spec: SchemaSpec, object: object): unknown {
  try {
    return read(spec, object).records();
  } catch (error) {
    return (error as WitanError).details?.violations ?? (error as Error).message;
  }
}

describe('the cells of a gRPC request', () => {
  it('takes defaults and nulls for what is missing, in rows and in columns', () => {
    const spec = schema('S', [
      column('a', 'f32', { default: 7 }),
      column('b', 'utf8', { nullable: true }),
      column('c', 'i32'),
      column('d', 'i64', { default: 5n }),
    ]);
    const expected = [
      { a: 7, b: null, c: 1, d: 5n },
      { a: 2, b: 'x', c: 0, d: 6n },
    ];
    expect(read(spec, { rows: [{ c: 1 }, { a: 2, b: 'x', c: 0, d: 6 }] }).records()).toEqual(expected);
    const columns = {
      a: [0, 2],
      a_validity: Buffer.from([2]),
      b: ['', 'x'],
      b_validity: Buffer.from([2]),
      c: [1, 0],
      d: [0, 6],
      d_validity: Buffer.from([2]),
    };
    expect(read(spec, { columns }).records()).toEqual(expected);
    expect(read(spec, { columns: { c: [1] } }).records()).toEqual([{ a: 7, b: null, c: 1, d: 5n }]);
  });

  it('names row and column of a missing, out-of-range or misshapen cell', () => {
    const spec = schema('S', [column('small', 'i8'), column('half', 'f16'), column('v', 'f32', { shape: [2] })]);
    expect(
      violations(spec, {
        rows: [{ small: 1, half: 1, v: [1, 2] }, { small: 300, half: 1e6, v: [1, 2, 3] }, { v: [1] }],
      }),
    ).toEqual([
      { row: 1, column: 'small', rule: 'range', value: '300', message: 'small must fit i8' },
      { row: 1, column: 'half', rule: 'range', value: '1000000', message: 'half must fit f16' },
      { row: 1, column: 'v', rule: 'shape', value: 'missing', message: 'v must have 2 values, not more than 2' },
      { row: 2, column: 'small', rule: 'required', value: 'missing', message: 'small is missing' },
      { row: 2, column: 'half', rule: 'required', value: 'missing', message: 'half is missing' },
      { row: 2, column: 'v', rule: 'shape', value: '1', message: 'v must have 2 values, not 1' },
    ]);
  });

  it('refuses columns of different lengths', () => {
    const spec = schema('S', [column('a', 'f32'), column('b', 'f32'), column('l', 'list<u8>')]);
    expect(violations(spec, { columns: { a: [1, 2], b: [1], l: [1, 2], l_lengths: [2, 1] } })).toEqual([
      expect.objectContaining({ row: -1, column: 'b', rule: 'shape' }),
      expect.objectContaining({ row: -1, column: 'l', rule: 'shape' }),
    ]);
    expect(violations(spec, { columns: { a: [1], row_count: 1, l_lengths: [0] } })).toEqual([
      expect.objectContaining({ row: -1, column: 'b', rule: 'required' }),
    ]);
  });

  it('wants open vectors to have one length within a request', () => {
    const spec = schema('S', [column('v', 'f32', { shape: [null] })]);
    expect(read(spec, { rows: [{ v: [1, 2] }, { v: [3, 4] }] }).column('v').shape).toEqual([2]);
    expect(violations(spec, { rows: [{ v: [1, 2] }, { v: [3] }] })).toEqual([
      expect.objectContaining({ row: 1, rule: 'shape' }),
    ]);
  });

  it('does not allocate for null rows beside one long vector', () => {
    const spec = schema('S', [column('v', 'f64', { shape: [null], nullable: true })]);
    const limits = { maxRows: 1_000_000, maxDecodedBytes: 1_000_000 };
    const own = new ServiceCodec(definition({ input: spec, output: spec, params: [] }), frameCodecs, limits);
    const rows = (count: number) =>
      request(spec, {
        rows: [{ v: Array.from({ length: 1000 }, () => 1) }, ...Array.from({ length: count }, () => ({}))],
      });
    expect(own.open(rows(50)).read().column('v').nullCount).toBe(50);
    expect(() => own.open(rows(500)).read()).toThrow(/grpc.maxDecodedBytes/);
  });

  it('takes the last of a scalar that comes twice, and skips what it does not know', () => {
    const spec = schema('S', [column('a', 'i32')]);
    const row = Buffer.from([8, 1, 8, 2, 0x9a, 0x06, 2, 1, 2, 0x9b, 0x06, 8, 1, 0x9c, 0x06, 0x0d, 0, 0, 0, 0]);
    const bytes = Buffer.concat([Buffer.from([0x82, 0x01, row.length]), row]);
    expect(
      new ServiceCodec(definition({ input: spec, output: spec, params: [] }), frameCodecs).open(bytes).read().records(),
    ).toEqual([{ a: 2 }]);
  });

  it('reads zero rows from empty columns', () => {
    const spec = schema('S', [column('a', 'i32')]);
    expect(read(spec, { columns: {} }).rows).toBe(0);
  });

  it('serves an untyped service by Struct rows, both ways, keys like __proto__ included', () => {
    const untyped = definition({ input: undefined, output: undefined, params: [] });
    const own = new ServiceCodec(untyped, frameCodecs);
    const row = '{"a": 1.5, "b": "x", "c": true, "v": [1, 2], "__proto__": 3}';
    const entries = Object.entries(JSON.parse(row) as Record<string, unknown>);
    const bytes = structRequest(entries);
    const frame = own.open(bytes).read();
    expect(frame.names).toEqual(['a', 'b', 'c', 'v', '__proto__']);
    expect(own.encode(own.open(own.encode(frame, 'rows')).read(), 'rows').equals(own.encode(frame, 'rows'))).toBe(true);
    expect(Object.getPrototypeOf(frame.records()[0])).not.toBe(3);
  });

  it('writes integers that a double cannot hold as text in a Struct', () => {
    const own = new ServiceCodec(definition({ input: undefined, output: undefined, params: [] }), frameCodecs);
    const frame = new Frame([
      ['id', new Column({ dtype: parseDType('i64'), data: BigInt64Array.of(2n ** 60n), length: 1 })],
    ]);
    expect(own.open(own.encode(frame, 'rows')).read().records()).toEqual([{ id: String(2n ** 60n) }]);
  });
});

function structRequest(entries: [string, unknown][]): Buffer {
  const own = new ServiceCodec(definition({ input: undefined, output: undefined, params: [] }), frameCodecs);
  const fake = { rows: 1, records: () => [Object.fromEntries(entries)] } as unknown as Frame;
  return own.encode(fake, 'rows');
}
