import * as arrow from 'apache-arrow';
import polars from 'nodejs-polars';
import { describe, expect, it } from 'vitest';

import { Column } from '../column.js';
import { Frame } from '../frame.js';
import { everyDType, halves } from './every-dtype.spec.data.js';
import { FlatWriter } from './flat-writer.js';
import { MESSAGE } from './format.js';
import { decodeArrowStream } from './read-stream.js';
import { writeMessageHead } from './write-schema.js';
import { ArrowStreamWriter, encodeArrowStream } from './write-stream.js';

describe('apache-arrow', () => {
  it('reads what we write', () => {
    const table = arrow.tableFromIPC(encodeArrowStream(everyDType()));
    expect(table.schema.fields.map((field) => `${field.type}`).join(' ')).toBe(
      'Bool Int8 Int16 Int32 Int64 Uint8 Uint16 Uint32 Uint64 Float32 Float64 Utf8 Binary Date32<DAY> Timestamp<MILLISECOND, Europe/Berlin> ' +
        'Timestamp<MICROSECOND> Timestamp<NANOSECOND, UTC> Duration<MICROSECOND> List<Int64> List<Utf8> FixedSizeList[2]<Float32> ' +
        'FixedSizeList[2]<FixedSizeList[3]<Float64>> FixedSizeList[2]<Bool> Dictionary<Int32, Utf8>',
    );
    expect(table.get(0)!.toJSON()).toMatchObject({
      bool: true,
      i64: 2n ** 63n - 1n,
      text: 'ä😀',
      f64: 0.1,
      dictionary: 'q',
      bytes: Uint8Array.of(0, 255),
    });
    expect(
      table
        .getChild('matrix')!
        .get(2)!
        .toJSON()
        .map((row: arrow.Vector) => [...row]),
    ).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(table.get(1)!.toJSON()).toMatchObject({
      bool: null,
      i64: null,
      text: '',
      bytes: null,
      ints: null,
      vector: null,
    });
    expect([...arrow.tableFromIPC(encodeArrowStream(halves())).getChild('half')!]).toEqual([1.5, null, -Infinity]);
  });

  it('gives every dtype back', async () => {
    for (const frame of [everyDType(), halves(), everyDType().slice(1, 3), everyDType().slice(0, 0)]) {
      expect(Frame.equals(await Frame.fromArrow(await frame.toArrow()), frame)).toBe(true);
    }
  });

  it('reads a stream of several batches whose dictionary changes', () => {
    const text = (codes: number[], values: string[]): Frame =>
      Frame.fromColumns({
        d: new Column({ dtype: 'utf8', length: codes.length, data: { codes: Int32Array.from(codes), values } }),
      });
    const writer = new ArrowStreamWriter();
    const frames = [text([0, 1], ['a', 'b']), text([0], ['c']), Frame.fromColumns({ d: ['x', 'y', 'x'] })];
    const bytes = Buffer.concat([...frames.map((frame) => writer.write(frame)), writer.finish()]);
    const read = [...arrow.RecordBatchReader.from(bytes)].flatMap((batch) => [...batch.getChildAt(0)!].map(String));
    expect(read).toEqual(['a', 'b', 'c', 'x', 'y', 'x']);
    expect(decodeArrowStream(bytes).column('d').strings()).toEqual(read);
  });

  it('writes types that we have other names for', () => {
    const wide = arrow.vectorFromArray(['a', null, 'ü'], new arrow.LargeUtf8());
    const codes = arrow.vectorFromArray(
      ['p', 'q', null, 'p'].slice(0, 3),
      new arrow.Dictionary(new arrow.Utf8(), new arrow.Uint8()),
    );
    const bytes = arrow.tableToIPC(new arrow.Table({ wide, codes }), 'stream');
    expect(decodeArrowStream(bytes).records()).toEqual([
      { wide: 'a', codes: 'p' },
      { wide: null, codes: 'q' },
      { wide: 'ü', codes: null },
    ]);
  });

  it.each([
    ['Struct', arrow.vectorFromArray([{ a: 1 }])],
    [
      'Decimal',
      arrow.makeVector({
        type: new arrow.Decimal(2, 10, 128),
        length: 1,
        nullCount: 0,
        data: new Uint32Array(4),
      } as never),
    ],
    ['Null', arrow.vectorFromArray([null], new arrow.Null())],
    ['Date in milliseconds', arrow.vectorFromArray([new Date()], new arrow.DateMillisecond())],
    ['Time', arrow.vectorFromArray([1], new arrow.TimeSecond())],
    [
      'lists inside lists',
      arrow.vectorFromArray(
        [[[1]]],
        new arrow.List(arrow.Field.new('item', new arrow.List(arrow.Field.new('item', new arrow.Int8())))),
      ),
    ],
    [
      'nulls inside vectors or lists',
      arrow.vectorFromArray([[1, null]], new arrow.List(arrow.Field.new('item', new arrow.Int8(), true))),
    ],
  ])('is refused by name with a column of %s', (name, vector) => {
    const bytes = arrow.tableToIPC(new arrow.Table({ odd: vector }), 'stream');
    const refused = expect.objectContaining({
      code: 'CORE_ERR_ARROW_UNSUPPORTED',
      message: expect.stringContaining(`column "odd": `),
    });
    expect(() => decodeArrowStream(bytes)).toThrow(refused);
    expect(() => decodeArrowStream(bytes)).toThrow(name);
  });

  it('is refused with a hint when it writes the file format', () => {
    const bytes = arrow.tableToIPC(arrow.tableFromArrays({ x: [1] }), 'file');
    expect(() => decodeArrowStream(bytes)).toThrow(/Arrow IPC file.*write the IPC stream format/);
  });

  it('is read when only null cells hide nulls inside', () => {
    const type = new arrow.FixedSizeList(2, arrow.Field.new('item', new arrow.Int8(), true));
    const bytes = arrow.tableToIPC(new arrow.Table({ v: arrow.vectorFromArray([[1, 2], null], type) }), 'stream');
    expect(decodeArrowStream(bytes).column('v').toArray()).toEqual([Int8Array.of(1, 2), null]);
  });
});

describe('streams that are none, or nearly', () => {
  it('are refused by name', () => {
    const code = (bytes: Uint8Array): unknown => {
      try {
        return decodeArrowStream(bytes).rows;
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    const bytes = encodeArrowStream(everyDType());
    expect(code(new Uint8Array(0))).toBe('CORE_ERR_ARROW_FORMAT');
    expect(code(Buffer.from('{"x":[1,2,3]}'))).toBe('CORE_ERR_ARROW_FORMAT');
    expect(code(Buffer.from('PAR1........'))).toBe('CORE_ERR_ARROW_FORMAT');
    expect(code(bytes.subarray(0, -8))).toBe(3);
    expect(code(bytes.subarray(0, -16))).toBe('CORE_ERR_ARROW_MALFORMED');
    expect(code(Buffer.concat([bytes, Buffer.from('anything')]))).toBe(3);
    expect(code(encodeArrowStream(everyDType().slice(0, 0)))).toBe(0);
  });

  it('are refused when big-endian', () => {
    const writer = new FlatWriter(256);
    const [endianness] = writer.table([2, 4], writeMessageHead(writer, MESSAGE.SCHEMA, 0));
    writer.int16(endianness!, 1);
    const metadata = writer.finish();
    const bytes = Buffer.concat([new Uint8Array(new Int32Array([-1, metadata.length]).buffer), metadata]);
    expect(() => decodeArrowStream(bytes)).toThrow(
      expect.objectContaining({ code: 'CORE_ERR_ARROW_UNSUPPORTED', message: expect.stringContaining('big-endian') }),
    );
  });

  it('are refused when their text is not UTF-8', () => {
    const bytes = Buffer.from(encodeArrowStream(Frame.fromColumns({ s: ['üü', 'ää'] })));
    const at = bytes.indexOf('üü');
    bytes[at] = 0xff;
    expect(() => decodeArrowStream(bytes)).toThrow(/not UTF-8/);
  });

  it('do not take columns that change on the way', () => {
    const writer = new ArrowStreamWriter();
    writer.write(Frame.fromColumns({ x: [1] }));
    const others: Record<string, unknown[]>[] = [{ y: [1] }, { x: ['a'] }, { x: [1], y: [1] }, { x: [[1, 2]] }];
    for (const other of others) {
      expect(() => writer.write(Frame.fromColumns(other))).toThrow(
        expect.objectContaining({ code: 'CORE_ERR_ARROW_ENCODE' }),
      );
    }
  });
});

describe('nodejs-polars', () => {
  it('reads every dtype and gives it back', async () => {
    const frame = everyDType();
    const dataFrame = await frame.toPolars();
    expect(dataFrame.shape).toEqual({ height: 3, width: frame.columns.size });
    expect(dataFrame.getColumn('text').toArray()).toEqual(['ä😀', '', null]);
    expect(dataFrame.getColumn('f64').toArray()).toEqual([0.1, null, -Infinity]);
    const back = await Frame.fromPolars(dataFrame);
    for (const name of frame.names) {
      const [given, got] = [frame.column(name), back.column(name)];
      expect(got.dtype.name).toBe(given.dtype.name);
      expect(got.toArray()).toEqual(given.toArray());
    }
  });

  it('widens what it has not', async () => {
    const back = await Frame.fromPolars(await halves().toPolars());
    expect(back.column('half').dtype.name).toBe('f32');
    expect(back.column('half').toArray()).toEqual([1.5, null, -Infinity]);
    expect(back.column('second').dtype.name).toBe('timestamp(ms)');
    expect(back.column('second').toArray()).toEqual([new Date(1000), null, new Date(3000)]);
  });

  it('writes frames that we read', async () => {
    const frame = await Frame.fromPolars(
      polars.DataFrame({
        n: [1, 2, 3],
        s: ['a', null, 'c'],
        b: [true, false, null],
        l: [[1, 2], [], [3]],
        c: polars.Series('c', ['x', 'y', 'x']).cast(polars.Categorical),
      }),
    );
    expect(frame.records()).toEqual([
      { n: 1, s: 'a', b: true, l: Float64Array.of(1, 2), c: 'x' },
      { n: 2, s: null, b: false, l: new Float64Array(), c: 'y' },
      { n: 3, s: 'c', b: null, l: Float64Array.of(3), c: 'x' },
    ]);
  });

  it('is refused by name with a column of Struct', async () => {
    const structs = polars.DataFrame({ odd: [{ a: 1 }] });
    await expect(Frame.fromPolars(structs)).rejects.toThrow(/column "odd": the type Struct/);
  });
});
