import * as cv from 'class-validator';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WitanError } from '../errors/witan-error.js';
import type { DType } from '../frame/dtype.js';
import { Column } from './column.decorator.js';
import { conformFrame, conformRecords } from './conform.js';
import { jsonDecoderOf } from './json-decoder.js';
import { Schema } from './schema.decorator.js';
import { schemaOf } from './schema-of.js';
import type { Violation } from './spec.js';

// The compiled pass against class-validator itself: the same class, the same rows, the same broken rules.

type Kind = 'f32' | 'f64' | 'i32' | 'u8' | 'bool' | 'utf8' | 'date32' | 'vector' | 'list' | 'words';
interface Field {
  readonly kind: Kind;
  readonly nullable: boolean;
  readonly decorators: readonly PropertyDecorator[];
}

const NUMBERS = fc.oneof(fc.integer({ min: -3, max: 12 }), fc.constantFrom(0.5, -0.5, 1.25, 100, 255));
const LIMITS = fc.integer({ min: -2, max: 10 });
const TEXTS = fc.oneof(
  fc.constantFrom(
    '',
    'a',
    'abc',
    'ABC',
    'a1',
    'x@y.de',
    '😀',
    '👍🏽é',
    'e\uFE0F',
    '2024-01-02',
    '#ff0000',
    'https://a.de',
    '12',
    '550e8400-e29b-41d4-a716-446655440000',
    ' ',
  ),
  fc.string({ maxLength: 6, unit: 'grapheme' }),
);
const each = fc.boolean();

const NUMBER_RULES = fc.oneof(
  fc.tuple(LIMITS, each).map(([n, each]) => cv.Min(n, { each })),
  fc.tuple(LIMITS, each).map(([n, each]) => cv.Max(n, { each })),
  each.map((each) => cv.IsInt({ each })),
  each.map((each) => cv.IsNumber({}, { each })),
  each.map((each) => cv.IsNumber({ maxDecimalPlaces: 1 }, { each })),
  each.map((each) => cv.IsNumber({ allowNaN: true, allowInfinity: true }, { each })),
  each.map((each) => cv.IsPositive({ each })),
  each.map((each) => cv.IsNegative({ each })),
  fc.integer({ min: 1, max: 4 }).map((n) => cv.IsDivisibleBy(n)),
  fc.array(NUMBERS, { maxLength: 12 }).map((values) => cv.IsIn(values)),
  fc.array(NUMBERS, { maxLength: 12 }).map((values) => cv.IsNotIn(values)),
  NUMBERS.map((n) => cv.Equals(n)),
  NUMBERS.map((n) => cv.NotEquals(n)),
);
const COMMON_RULES = fc.constantFrom(
  cv.IsDefined(),
  cv.IsNotEmpty(),
  cv.IsEmpty(),
  cv.IsString(),
  cv.IsBoolean(),
  cv.IsDate(),
  cv.IsArray(),
  cv.IsObject(),
);
const TEXT_RULES = fc.oneof(
  LIMITS.map((n) => cv.MinLength(Math.abs(n))),
  LIMITS.map((n) => cv.MaxLength(Math.abs(n))),
  fc.tuple(fc.nat(3), fc.nat(4)).map(([min, more]) => cv.Length(min, min + more)),
  fc.constantFrom(
    cv.Matches(/^a/),
    cv.Matches(/b/gi),
    cv.Contains('a'),
    cv.NotContains('b'),
    cv.IsAlpha(),
    cv.IsAlphanumeric(),
  ),
  fc.constantFrom(
    cv.IsEmail(),
    cv.IsUUID(),
    cv.IsUrl(),
    cv.IsISO8601(),
    cv.IsLowercase(),
    cv.IsUppercase(),
    cv.IsHexColor(),
    cv.IsNumberString(),
  ),
  fc.array(TEXTS, { maxLength: 12 }).map((values) => cv.IsIn(values)),
  fc.array(TEXTS, { maxLength: 3 }).map((values) => cv.IsNotIn(values)),
  TEXTS.map((text) => cv.Equals(text)),
  TEXTS.map((text) => cv.NotEquals(text)),
);
const ARRAY_RULES = fc.oneof(
  fc.nat(4).map((n) => cv.ArrayMinSize(n)),
  fc.nat(4).map((n) => cv.ArrayMaxSize(n)),
  fc.constantFrom(cv.ArrayNotEmpty(), cv.ArrayUnique(), cv.ArrayContains([1]), cv.ArrayNotContains([2])),
  NUMBER_RULES,
);
// What the compiled pass does not know, so that both ways meet in one class.
const OTHER_RULES = fc.constantFrom<PropertyDecorator>(
  cv.ValidateIf((record: { c0: unknown }) => record.c0 !== null),
  (target, property) =>
    cv.registerDecorator({
      name: 'min',
      target: target.constructor,
      propertyName: property as string,
      constraints: [0],
      validator: { validate: (value: unknown) => value !== 1, defaultMessage: () => 'not one, whatever it is called' },
    }),
  (target, property) =>
    cv.registerDecorator({
      name: 'notSeven',
      target: target.constructor,
      propertyName: property as string,
      validator: { validate: (value: unknown) => value !== 7 },
    }),
);

const RULES: Record<Kind, fc.Arbitrary<PropertyDecorator>> = {
  f32: NUMBER_RULES,
  f64: NUMBER_RULES,
  i32: NUMBER_RULES,
  u8: NUMBER_RULES,
  bool: fc.constantFrom(cv.IsBoolean(), cv.Equals(true), cv.NotEquals(true), cv.IsIn([true])),
  utf8: TEXT_RULES,
  date32: fc.constantFrom(cv.IsDate(), cv.MinDate(new Date('2020-01-01')), cv.MaxDate(new Date('2022-01-01'))),
  vector: ARRAY_RULES,
  list: ARRAY_RULES,
  words: fc.oneof(
    ARRAY_RULES,
    each.map((each) => cv.MinLength(2, { each })),
    each.map((each) => cv.IsIn(['a', 'abc'], { each })),
  ),
};
const VALUES: Record<Kind, fc.Arbitrary<unknown>> = {
  f32: fc.oneof(
    { weight: 8, arbitrary: NUMBERS },
    { weight: 1, arbitrary: fc.constantFrom('NaN', 'Infinity', '-Infinity') },
  ),
  f64: fc.oneof({ weight: 8, arbitrary: NUMBERS }, { weight: 1, arbitrary: fc.constantFrom('NaN', 'Infinity', 0.1) }),
  i32: fc.integer({ min: -3, max: 12 }),
  u8: fc.integer({ min: 0, max: 12 }),
  bool: fc.boolean(),
  utf8: TEXTS,
  date32: fc.constantFrom('2019-05-05', '2021-05-05', '2023-05-05'),
  vector: fc.array(NUMBERS, { minLength: 3, maxLength: 3 }),
  list: fc.array(NUMBERS, { maxLength: 4 }),
  words: fc.array(fc.constantFrom('a', 'abc', '', 'b'), { maxLength: 3 }),
};
const DTYPES: Record<Kind, [DType, number[]?]> = {
  f32: ['f32'],
  f64: ['f64'],
  i32: ['i32'],
  u8: ['u8'],
  bool: ['bool'],
  utf8: ['utf8'],
  date32: ['date32'],
  vector: ['f64', [3]],
  list: ['list<f64>'],
  words: ['list<utf8>'],
};

const FIELD: fc.Arbitrary<Field> = fc.constantFrom(...(Object.keys(DTYPES) as Kind[])).chain((kind) =>
  fc.record({
    kind: fc.constant(kind),
    nullable: fc.boolean(),
    decorators: fc.array(
      fc.oneof(
        { weight: 6, arbitrary: RULES[kind] },
        { weight: 1, arbitrary: COMMON_RULES },
        { weight: 1, arbitrary: OTHER_RULES },
      ),
      { maxLength: 3 },
    ),
  }),
);

function classOf(fields: readonly Field[]): new () => object {
  class Subject {}
  fields.forEach(({ kind, nullable, decorators }, i) => {
    const [dtype, shape] = DTYPES[kind];
    (Column(dtype, { nullable, shape }) as PropertyDecorator)(Subject.prototype, `c${i}`);
    for (const decorate of decorators) decorate(Subject.prototype, `c${i}`);
    if (nullable) cv.IsOptional()(Subject.prototype, `c${i}`);
  });
  Schema()(Subject);
  return Subject;
}

const WORDS: Record<string, number> = { NaN, Infinity, '-Infinity': -Infinity };

/** The JSON value as the property's type: the "conversion" of the comparison. */
function converted(kind: Kind, value: unknown): unknown {
  if (value === null) return null;
  if (kind === 'date32') return new Date(value as string);
  return (kind === 'f32' || kind === 'f64') && typeof value === 'string' ? WORDS[value] : value;
}

function broken(type: new () => object, rows: readonly Record<string, unknown>[]): string[] {
  return rows.flatMap((row, i) =>
    cv
      .validateSync(Object.assign(new type(), row), { forbidUnknownValues: false })
      .flatMap((error) => Object.keys(error.constraints ?? {}).map((rule) => `${i} ${error.property} ${rule}`)),
  );
}

function found(run: () => unknown): string[] {
  try {
    run();
    return [];
  } catch (error) {
    if (!WitanError.is(error)) throw error;
    // Two uses of one rule on a property are two violations, but one constraint of class-validator's.
    return [
      ...new Set((error.details!.violations as Violation[]).map(({ row, column, rule }) => `${row} ${column} ${rule}`)),
    ];
  }
}

const CASE = fc.array(FIELD, { minLength: 1, maxLength: 4 }).chain((fields) =>
  fc.record({
    fields: fc.constant(fields),
    rows: fc.array(
      fc.tuple(...fields.map(({ kind, nullable }) => (nullable ? fc.option(VALUES[kind], { freq: 4 }) : VALUES[kind]))),
      { minLength: 1, maxLength: 5 },
    ),
  }),
);

describe('the compiled pass and class-validator', () => {
  it('find the same broken rules, in JSON, in records and in Frames', () => {
    fc.assert(
      fc.property(CASE, ({ fields, rows }) => {
        const type = classOf(fields);
        let spec;
        try {
          spec = schemaOf(type);
        } catch (error) {
          // @IsDefined on a nullable column is refused at boot.
          fc.pre((error as WitanError).code !== 'CORE_ERR_SCHEMA_DEFINITION');
          throw error;
        }
        const json = rows.map((row) => Object.fromEntries(row.map((value, i) => [`c${i}`, value])));
        const records = rows.map((row) =>
          Object.fromEntries(row.map((value, i) => [`c${i}`, converted(fields[i]!.kind, value)])),
        );
        const expected = broken(type, records).sort();
        const limits = { maxViolations: 1000 };
        expect(found(() => jsonDecoderOf(spec).decode(JSON.stringify(json), limits)).sort()).toEqual(expected);
        expect(found(() => conformRecords(spec, records, limits)).sort()).toEqual(expected);
        const columns = Object.fromEntries(fields.map((_, i) => [`c${i}`, rows.map((row) => row[i])]));
        expect(found(() => jsonDecoderOf(spec).decode(JSON.stringify({ columns }), limits)).sort()).toEqual(expected);
        const bare = Schema.dynamic({
          columns: Object.fromEntries(
            fields.map(({ kind, nullable }, i) => [
              `c${i}`,
              { dtype: DTYPES[kind][0], shape: DTYPES[kind][1], nullable },
            ]),
          ),
        });
        const { frame } = jsonDecoderOf(bare).decode(JSON.stringify(json));
        expect(found(() => conformFrame(spec, frame, limits)).sort()).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('give the same messages', () => {
    @Schema()
    class Messages {
      @Column('f32')
      @cv.Min(3)
      @cv.Max(1, { message: '$property: $value of $target, not over $constraint1' })
      x!: number;
      @Column('utf8')
      @cv.Length(2, 3)
      @cv.IsEmail(
        {},
        { message: (args) => `${args.property} ${String(args.value)} ${Object.keys(args.object).length}` },
      )
      t!: string;
      @Column('f64', { shape: [2] }) @cv.IsPositive({ each: true }) v!: Float64Array;
      @Column('utf8') @cv.IsIn(['p', 'q']) in!: string;
    }
    const row = { x: 2, t: 'x', v: [1, -1], in: 'r' };
    const expected = cv
      .validateSync(Object.assign(new Messages(), row))
      .flatMap((error) => Object.values(error.constraints!));
    try {
      jsonDecoderOf(schemaOf(Messages)).decode(JSON.stringify([row]));
      expect.unreachable();
    } catch (error) {
      const messages = ((error as WitanError).details!.violations as Violation[]).map(({ message }) => message);
      expect(messages.sort()).toEqual(expected.sort());
    }
  });
});

describe('number rules on 64-bit integers', () => {
  const BIG = fc.oneof(fc.bigInt({ min: -20n, max: 20n }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));

  it('compare as bigints', () => {
    @Schema()
    class Longs {
      @Column('i64')
      @cv.IsInt()
      @cv.IsNumber()
      @cv.Min(-5)
      @cv.Max(2 ** 60)
      @cv.NotEquals(3)
      @cv.IsNotIn([4, 5])
      n!: bigint;
    }
    const decoder = jsonDecoderOf(schemaOf(Longs));
    fc.assert(
      fc.property(BIG, (n) => {
        const expected = [
          n < -5n && 'min',
          n > 2n ** 60n && 'max',
          n === 3n && 'notEquals',
          (n === 4n || n === 5n) && 'isNotIn',
        ].filter(Boolean);
        expect(found(() => decoder.decode(`[{"n":${n}}]`)).map((text) => text.split(' ')[2])).toEqual(
          expect.arrayContaining(expected),
        );
        expect(found(() => decoder.decode(`[{"n":"${n}"}]`))).toHaveLength(expected.length);
        expect(found(() => conformRecords(schemaOf(Longs), [{ n }]))).toHaveLength(expected.length);
      }),
    );
  });

  it('hold for every value of a vector', () => {
    @Schema()
    class Longs {
      @Column('u64', { shape: [2] })
      @cv.IsDivisibleBy(3, { each: true })
      @cv.IsPositive({ each: true })
      @cv.ArrayMinSize(2)
      n!: BigUint64Array;
    }
    const decoder = jsonDecoderOf(schemaOf(Longs));
    expect(decoder.decode('[{"n":[3,18446744073709551615]}]').frame.column('n').data).toEqual(
      BigUint64Array.of(3n, 18446744073709551615n),
    );
    expect(found(() => decoder.decode('[{"n":[3,18446744073709551614]},{"n":[0,3]}]'))).toEqual([
      '0 n isDivisibleBy',
      '1 n isPositive',
    ]);
  });
});
