import { Frame } from '@witan/core/frame';
import { Vectorizer } from '@witan/inference';
import { type TypedValue, valueOf, vectorizedFixture, vectorWorkload } from '@witan-libs/testing';
import { describe, expect, it } from 'vitest';
import { type FeatureValue, messageOf, type RequestRow } from './hushar-client.spec.support.js';
import { RequestDecoder } from './request-decoder.js';

const LIMITS = { maxRows: 1000, maxDecodedBytes: 1 << 24 };
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

const NAMES: Readonly<Record<string, string>> = { int32: 'integer', int64: 'long' };

/** As protobufjs takes it. */
function dataType(typed: TypedValue): FeatureValue {
  const [kind, isArray] = [typed[0].replace('[]', ''), typed[0].endsWith('[]')];
  const name = NAMES[kind] ?? kind;
  const text = (value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);
  const value = valueOf(typed);
  return isArray
    ? { [`${name}_array`]: { values: (value as unknown[]).map(text) } }
    : { [`${name}_value`]: text(value) };
}

describe('numbers, computed by numpy', () => {
  it('are given bit for bit', () => {
    const { config, rows } = vectorizedFixture();
    const decoder = new RequestDecoder(Vectorizer.of(config), LIMITS);
    const inputs = rows.map(({ features }) => ({
      features: Object.fromEntries(Object.entries(features).map(([name, typed]) => [name, dataType(typed)])),
    }));
    const all = decoder.decode(messageOf(inputs));
    const width = all.values.length / rows.length;
    rows.forEach(({ expected }, row) => expect(all.values.slice(row * width, (row + 1) * width)).toEqual(expected));
    inputs.forEach((row, i) => expect(decoder.decode(messageOf([row])).values).toEqual(rows[i]!.expected));
  });

  it('are those that the same rows give as a Frame, and are counted alike', async () => {
    const { vectorizationPath, rows, message } = vectorWorkload('w3');
    const ofFrame = await Vectorizer.load(vectorizationPath);
    const ofBytes = await Vectorizer.load(vectorizationPath);
    const frame = Frame.fromRecords(
      rows.map((row) => row.features),
      ofFrame.schema,
    );
    const { values, rowIds } = new RequestDecoder(ofBytes, LIMITS).decode(message);
    expect(values).toEqual(ofFrame.vectorize(frame));
    expect(message.toString('utf8', rowIds[62], rowIds[63])).toBe('row-31');
    expect(ofBytes.stats()).toEqual(ofFrame.stats());
    expect(ofBytes.stats()).toEqual({ rows: 32, defaulted: { std_4: 1 }, unknown: { oh_3: 1, emb_2: 1 } });
  });
});

const plain = Vectorizer.of({
  feature_transformations: {
    f: { type: 'identity', default_val: [9] },
    g: { type: 'one_hot_encoding', categories: ['a', 'b'], default_val: [7, 8] },
  },
  feature_order: ['f', 'g'],
});
const decoder = new RequestDecoder(plain, LIMITS);
/** An entry of one row: `f` with a float, in the usual form. */
const F1 = '12 0a 0a 01 66 12 05 15 0000803f';
const F2 = '12 0a 0a 01 66 12 05 15 00000040';
/** An entry of one row: `g` with the text `a`. */
const GA = '12 08 0a 01 67 12 03 2a 01 61';
const rowOf = (...entries: string[]): Buffer => {
  const body = hex(entries.join(''));
  return Buffer.concat([Buffer.of(0x12, body.length), body]);
};
const valuesOf = (...entries: string[]): number[] => [...decoder.decode(rowOf(...entries)).values];

describe('a row', () => {
  it.each<[string, string[], number[]]>([
    ['has a feature twice: the last counts', [F1, F2], [2, 7, 8]],
    ['has a feature twice, last without a value: the default', [F1, '12 05 0a 01 66 12 00'], [9, 7, 8]],
    ['has a feature twice, first of a wrong type', ['12 07 0a 01 67 12 02 18 01', GA], [9, 1, 0]],
    ['has a value before its name', ['12 0a 12 05 15 0000803f 0a 01 66'], [1, 7, 8]],
    ['has a value in two pieces: the last member counts', ['12 0e 0a 01 66 12 02 18 07 12 05 15 0000803f'], [1, 7, 8]],
    ['has an array in two pieces: they are joined', ['12 0f 0a 01 66 12 04 42 02 0a 00 12 04 42 02 08 05'], [5, 7, 8]],
    ['has an entry without a value', ['12 03 0a 01 66'], [9, 7, 8]],
    ['has an entry with nothing', ['12 00'], [9, 7, 8]],
    ['has unknown features', ['12 0a 0a 01 7a 12 05 15 0000803f', F1], [1, 7, 8]],
    ['has nothing', [], [9, 7, 8]],
  ])('that %s', (_, entries, expected) => {
    expect(valuesOf(...entries)).toEqual(expected);
  });

  it('is refused for the member that came last', () => {
    expect(() => valuesOf('12 10 0a 01 66 12 05 15 0000803f 12 04 32 00 3a 00')).toThrow(/"f": gives 0 numbers/);
  });
});

describe('bytes that are no message', () => {
  it.each<[string, string, RegExp]>([
    ['a length without end', '12 ff ff ff ff 07', /a length points past the end at byte 1/],
    ['a length beyond 31 bits', '12 ff ff ff ff 0f', /a length is too large at byte 1/],
    ['a tag without end', 'ff', /a tag is cut short/],
    ['a tag beyond 32 bits', '8a 80 80 80 80 00', /a tag is too large at byte 0/],
    ['field number 0', '02 00', /number 0 at byte 0/],
    ['a row that is cut short', '12 05 12 0a', /past the end/],
    ['an entry that is cut short', '12 04 12 05 0a 01', /past the end/],
    ['a float that is cut short', '12 0a 12 08 0a 01 66 12 03 15 00 00', /cut short/],
    [
      'a number of eleven bytes',
      '12 13 12 11 0a 01 66 12 0c 18 ff ff ff ff ff ff ff ff ff ff 01',
      /more than ten bytes/,
    ],
    ['an unknown wire type', '0f', /unknown wire type/],
    ['an end of no group', '0c', /never began/],
    ['a group that ends as another', '1b 24', /wrong number/],
    ['a group without end', '1b', /cut short/],
    ['a row id that is no UTF-8', '12 03 0a 01 ff', /not UTF-8 at byte 4/],
    ['a request id that is no UTF-8', '0a 02 c3 28', /not UTF-8/],
    ['a feature name that is no UTF-8', '12 05 12 03 0a 01 ff', /not UTF-8/],
    ['a text that is no UTF-8', '12 0a 12 08 0a 01 67 12 03 2a 01 ff', /not UTF-8/],
    ['a text of an unknown feature that is no UTF-8', '12 0a 12 08 0a 01 7a 12 03 2a 01 ff', /not UTF-8/],
    ['half a float in a packed array', '12 0d 12 0b 0a 01 66 12 06 3a 04 0a 02 00 00', /cut short/],
  ])('%s', (_, bytes, message) => {
    expect(() => decoder.decode(hex(bytes))).toThrow(message);
    expect(() => decoder.decode(hex(bytes))).toThrow(
      expect.objectContaining({ code: 'HUSHAR_ERR_MALFORMED', category: 'INVALID_ARGUMENT' }) as Error,
    );
  });

  it('groups are passed over, up to a depth', () => {
    const nested = (depth: number): Buffer => Buffer.concat([Buffer.alloc(depth, 0x1b), Buffer.alloc(depth, 0x1c)]);
    expect(decoder.decode(nested(100)).rows).toBe(0);
    expect(() => decoder.decode(nested(101))).toThrow(/more than 100 deep/);
    expect(() => decoder.decode(nested(1_000_000))).toThrow(/more than 100 deep/);
  });
});

describe('limits', () => {
  it('hold before anything is allocated', () => {
    const rows = Buffer.alloc(2 * 1001, Buffer.of(0x12, 0));
    expect(() => decoder.decode(rows)).toThrow(/1001 rows, the limit is 1000/);
    const narrow = new RequestDecoder(plain, { maxRows: 1e9, maxDecodedBytes: 12_000 });
    expect(narrow.decode(rows.subarray(0, 2000)).rows).toBe(1000);
    expect(() => narrow.decode(rows)).toThrow(/1001 rows of 3 numbers take 12012 bytes, the limit is 12000/);
  });

  it('a feature that comes again and again takes no more than once', () => {
    const categories = Array.from({ length: 20_000 }, (_, i) => `c${i}`);
    const wide = Vectorizer.of({
      feature_transformations: {
        f: { type: 'one_hot_encoding', categories, default_val: categories.map(() => 0) },
      },
      feature_order: ['f'],
    });
    const entry = hex('12 09 0a 01 66 12 04 2a 02 63 31');
    const body = Buffer.alloc(entry.length * 100_000, entry);
    const length = Buffer.of((body.length & 127) | 128, ((body.length >> 7) & 127) | 128, body.length >> 14);
    const before = process.memoryUsage().arrayBuffers;
    const { values } = new RequestDecoder(wide, LIMITS).decode(Buffer.concat([Buffer.of(0x12), length, body]));
    expect(values[1]).toBe(1);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16e6);
  });
});

describe('a feature whose name or value is long', () => {
  it('is read like any other', () => {
    const [name, text] = ['n'.repeat(300), 't'.repeat(20_000)];
    const vectorizer = Vectorizer.of({
      feature_transformations: {
        [name]: { type: 'embedding', embeddings: { [text]: [1, 2] }, default_val: [0, 0] },
        v: { type: 'identity', default_val: new Array<number>(5000).fill(0) },
      },
      feature_order: [name, 'v'],
    });
    const numbers = Array.from({ length: 5000 }, (_, i) => i);
    const row: RequestRow = {
      features: { [name]: { string_value: text }, v: { float_array: { values: numbers } } },
    };
    expect([...new RequestDecoder(vectorizer, LIMITS).decode(messageOf([row, row])).values]).toEqual([
      1,
      2,
      ...numbers,
      1,
      2,
      ...numbers,
    ]);
  });
});
