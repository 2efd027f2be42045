import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DynamicColumn } from './dynamic-schema.js';
import { JsonDecoder } from './json-decoder.js';
import { compiledSchemaOf } from './compiled-schema.js';
import { Schema } from './schema.decorator.js';
import { VectorRecordsReader } from './vector-records.js';

const SIZE = 64;

const decoderOf = (columns: Record<string, DynamicColumn>) => new JsonDecoder(Schema.dynamic({ columns }));
const single = decoderOf({ input: { dtype: 'f32', shape: [SIZE] } });
const several = decoderOf({ a: { dtype: 'f64', shape: [8, 8] }, größe: 'f32', 'b"\\': { dtype: 'f32', shape: [3] } });

/** What the decoder makes of bytes, which may take the short way, and of the same text, which never does. */
function both(decoder: JsonDecoder, text: string): [unknown, unknown] {
  return [outcome(() => decoder.decode(Buffer.from(text))), outcome(() => decoder.decode(text))];
}

function outcome(run: () => ReturnType<JsonDecoder['decode']>): unknown {
  try {
    const { frame, form } = run();
    const columns = [...frame.columns].map(([name, { data, shape, length, dtype }]) => {
      // As bits: 0 and -0 differ.
      const { buffer, byteOffset, byteLength } = data as Float32Array;
      return [name, dtype.kind, shape, length, Buffer.from(buffer, byteOffset, byteLength).toString('hex')];
    });
    return { form, rows: frame.rows, columns };
  } catch (error) {
    const { code, message, details } = error as { code: string; message: string; details: unknown };
    return { code, message, details };
  }
}

const numberText = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.stringMatching(/^-?(0|[1-9]\d{0,24})(\.\d{1,30})?([eE][+-]?\d{1,3})?$/),
  fc.constantFrom(
    '-0',
    '0.0',
    '-0.000',
    '9007199254740993',
    '3.4028235677973366e38',
    '1e39',
    '340282356779733660000000000000000000000',
  ),
);
/** What no number is, or no plain one. */
const oddText = fc.constantFrom(
  '01',
  '1.',
  '.5',
  '+1',
  '-',
  'null',
  '"NaN"',
  '[1]',
  'true',
  '1e',
  'NaN',
  '',
  '\u00a01',
  '0x1',
);
const space = fc.constantFrom('', '', '', ' ', '\n\t\r ');

function vectorText(size: number, values = numberText): fc.Arbitrary<string> {
  return fc
    .tuple(fc.array(values, { minLength: size, maxLength: size }), space, space)
    .map(([texts, before, after]) => `[${before}${texts.join(`${after},${before}`)}${after}]`);
}

const recordText = fc
  .tuple(vectorText(64), numberText, vectorText(3), fc.shuffledSubarray([0, 1, 2], { minLength: 3 }), space)
  .map(([a, size, b, order, gap]) => {
    const members = [`"a"${gap}:${a}`, `"größe":${gap}${size}`, `${JSON.stringify('b"\\')}:${b}`];
    return `{${order.map((at) => members[at]).join(`,${gap}`)}${gap}}`;
  });

describe('records of long vectors', () => {
  it('are read from bytes as JSON.parse and the generated code read them', () => {
    const body = fc.oneof(
      fc.array(recordText, { maxLength: 4 }).map((records) => `[${records.join(',')}]`),
      fc
        .array(recordText, { minLength: 1, maxLength: 4 })
        .map((records) => ` { "records" : [ ${records.join(' , ')} ] } `),
    );
    fc.assert(
      fc.property(body, (text) => {
        const [bytes, plain] = both(several, text);
        expect(bytes).toEqual(plain);
      }),
      { numRuns: 300 },
    );
  });

  it('are refused with the same words when something in them is off', () => {
    const odd = vectorText(SIZE, fc.oneof({ arbitrary: numberText, weight: 60 }, { arbitrary: oddText, weight: 1 }));
    fc.assert(
      fc.property(fc.array(odd, { minLength: 1, maxLength: 3 }), (vectors) => {
        const [bytes, plain] = both(single, `[${vectors.map((each) => `{"input":${each}}`).join(',')}]`);
        expect(bytes).toEqual(plain);
      }),
      { numRuns: 300 },
    );
  });

  it('stay what they are when bytes of them change', () => {
    const good = `{"records":[{"input":[${Array.from({ length: SIZE }, (_, i) => (i - 30) / 8).join(',')}]}]}`;
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.constantFrom(...'0123456789.,-+eE[]{}": \\\u00e9nt'), (at, char) => {
        const [bytes, plain] = both(single, good.slice(0, at) + char + good.slice(at + 1));
        expect(bytes).toEqual(plain);
      }),
      { numRuns: 1000 },
    );
  });

  const numbers = (count: number): string => `[${Array.from({ length: count }, (_, i) => i / 4).join(',')}]`;
  it.each<[string, string]>([
    ['a vector that is too short', `[{"input":${numbers(SIZE - 1)}}]`],
    ['a vector that is too long', `[{"input":${numbers(SIZE + 1)}}]`],
    ['a column twice', `[{"input":${numbers(SIZE)},"input":${numbers(SIZE).replace('0.25', '7')}}]`],
    ['a column that the schema does not know', `[{"input":${numbers(SIZE)},"more":1}]`],
    ['a name with an escape', `[{"\\u0069nput":${numbers(SIZE)}}]`],
    ['no records', '[]'],
    ['an envelope with an id', `{"id":"x","records":[{"input":${numbers(SIZE)}}]}`],
    ['columns', `{"columns":{"input":[${numbers(SIZE)}]}}`],
    ['something behind the end', `[{"input":${numbers(SIZE)}}] 1`],
    ['a byte order mark', `\ufeff[{"input":${numbers(SIZE)}}]`],
    ['an end that comes too early', `[{"input":${numbers(SIZE)}`],
  ])('take the other way for %s', (_, text) => {
    const [bytes, plain] = both(single, text);
    expect(bytes).toEqual(plain);
  });

  it('need no JSON.parse where all is plain', () => {
    const reader = VectorRecordsReader.of(compiledSchemaOf(single.spec))!;
    const body = Buffer.from(`[${Array.from({ length: 5 }, () => `{"input":${numbers(SIZE)}}`).join(', ')}]`);
    expect(reader.read(body, 10, 10_000)?.frame.rows).toBe(5);
    expect(reader.read(Buffer.from('[{"input":[1e3]}]'), 10, 10_000)).toBeUndefined();
  });

  it('keep to the limits on rows and bytes', () => {
    const body = Buffer.from(`[${Array.from({ length: 3 }, () => `{"input":${numbers(SIZE)}}`).join(',')}]`);
    expect(single.decode(body, { maxRows: 3, maxDecodedBytes: 3 * SIZE * 4 }).frame.rows).toBe(3);
    expect(() => single.decode(body, { maxRows: 2 })).toThrow(expect.objectContaining({ code: 'CORE_ERR_ROWS_LIMIT' }));
    expect(() => single.decode(body, { maxDecodedBytes: 3 * SIZE * 4 - 1 })).toThrow(
      expect.objectContaining({ code: 'CORE_ERR_ROWS_LIMIT' }),
    );
  });
});
