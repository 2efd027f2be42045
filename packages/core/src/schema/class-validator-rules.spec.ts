import { readFileSync } from 'node:fs';
import * as cv from 'class-validator';
import {
  IsDefined,
  IsIn,
  IsNotEmpty,
  IsNumber,
  Max,
  Min,
  registerDecorator,
  Validate,
  ValidateIf,
  type ValidationArguments,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator';
import { describe, expect, it } from 'vitest';
import type { WitanError } from '../errors/witan-error.js';
import { COMPILED_DECORATORS } from './class-validator-known.js';
import { Column } from './column.decorator.js';
import { conformRecords } from './conform.js';
import { jsonDecoderOf } from './json-decoder.js';
import { Schema } from './schema.decorator.js';
import { schemaOf } from './schema-of.js';
import type { Violation } from './spec.js';

@ValidatorConstraint({ name: 'ordered' })
class Ordered implements ValidatorConstraintInterface {
  validate(high: unknown, { object }: ValidationArguments): boolean {
    return (high as number) >= (object as Range).low;
  }

  defaultMessage({ object }: ValidationArguments): string {
    return `high must be at least low, and low is ${(object as Range).low} of a ${object.constructor.name}`;
  }
}

@Schema()
class Range {
  @Column('f32') @Min(0) low!: number;
  @Column('f32') @Max(100) @Validate(Ordered) high!: number;
}

@Schema()
class Payment {
  @Column('utf8') @IsIn(['card', 'cash']) kind!: string;
  @Column('utf8', { nullable: true })
  @ValidateIf((payment: Payment) => payment.kind === 'card')
  @IsNotEmpty()
  cardNumber!: string | null;
  @Column('f32', { shape: [2] })
  @Min(0, { each: true })
  @Validate(Ordered, { validateIf: () => false } as never)
  at!: Float32Array;
}

function violations(run: () => unknown): Violation[] {
  try {
    run();
  } catch (error) {
    return (error as WitanError).details!.violations as Violation[];
  }
  return [];
}

const decode = (type: new () => object, rows: unknown[]) =>
  violations(() => jsonDecoderOf(schemaOf(type)).decode(JSON.stringify(rows)));
const summary = (found: Violation[]): string[] => found.map(({ row, column, rule }) => `${row} ${column} ${rule}`);

describe('rules that are not compiled', () => {
  it('run through class-validator on an instance of the class, each broken rule once', () => {
    const found = decode(Range, [
      { low: 1, high: 2 },
      { low: 5, high: 4 },
      { low: -1, high: 200 },
      { low: -1, high: -2 },
    ]);
    expect(summary(found)).toEqual(['2 low min', '2 high max', '3 low min', '1 high ordered', '3 high ordered']);
    expect(found[3]).toMatchObject({ value: '4', message: 'high must be at least low, and low is 5 of a Range' });
  });

  it('see no row whose values could not be converted', () => {
    expect(
      summary(
        decode(Range, [
          { low: 'x', high: 4 },
          { low: 5, high: 4 },
        ]),
      ),
    ).toEqual(['0 low dtype', '1 high ordered']);
  });

  it('make every rule of a conditional property conditional', () => {
    const at = [0, 0];
    expect(
      decode(Payment, [
        { kind: 'cash', cardNumber: null, at },
        { kind: 'card', cardNumber: '1', at },
      ]),
    ).toEqual([]);
    expect(
      summary(
        decode(Payment, [
          { kind: 'card', cardNumber: '', at },
          { kind: 'card', at },
          { kind: 'x', at: [0, -1] },
        ]),
      ),
    ).toEqual(['2 kind isIn', '2 at min', '0 cardNumber isNotEmpty', '1 cardNumber isNotEmpty']);
  });

  it('hold for what a handler returns', () => {
    const found = violations(() => conformRecords(schemaOf(Range), [{ low: 5, high: 4 }], { role: 'input' }));
    expect(summary(found)).toEqual(['0 high ordered']);
  });

  it('are absent when all rules are compiled', () => {
    @Schema()
    class Plain {
      @Column('f32') @Min(0) @IsDefined() @IsNumber() x!: number;
    }
    expect(schemaOf(Plain).checkRecord).toBeUndefined();
    expect(schemaOf(Range).checkRecord).toBeDefined();
  });

  it('are custom ones too that took the name of a built-in', () => {
    const NotOne: PropertyDecorator = (target, property) =>
      registerDecorator({
        name: 'min',
        target: target.constructor,
        propertyName: property as string,
        constraints: [5],
        validator: { validate: (value) => value !== 1 },
      });
    @Schema()
    class Impostor {
      @Column('f32') @NotOne x!: number;
    }
    expect(summary(decode(Impostor, [{ x: 2 }, { x: 1 }]))).toEqual(['1 x min']);
  });

  it('hold beside a compiled rule of the same name on the same property', () => {
    const NotOne: PropertyDecorator = (target, property) =>
      registerDecorator({
        name: 'min',
        target: target.constructor,
        propertyName: property as string,
        constraints: [5],
        validator: { validate: (value) => value !== 1 },
      });
    @Schema()
    class Both {
      @Column('f32') @NotOne @Min(0) x!: number;
      @Column('f32') @Min(0) @Min(10, { validateIf: (record: { x: number }) => record.x > 5 }) y!: number;
    }
    const rows = [
      { x: 2, y: 1 },
      { x: 1, y: 1 },
      { x: -1, y: -1 },
      { x: 6, y: 1 },
    ];
    expect(summary(decode(Both, rows))).toEqual(['1 x min', '2 x min', '2 y min', '3 y min']);
  });

  it("let the validator's own exceptions through", () => {
    @ValidatorConstraint()
    class Broken implements ValidatorConstraintInterface {
      validate(): boolean {
        throw new Error('a bug in a validator');
      }
    }
    @Schema()
    class Buggy {
      @Column('f32') @Validate(Broken) x!: number;
    }
    expect(() => jsonDecoderOf(schemaOf(Buggy)).decode('[{"x":1}]')).toThrow('a bug in a validator');
  });
});

describe('COMPILED_DECORATORS', () => {
  const ARGUMENTS: Readonly<Record<string, unknown[]>> = {
    IsIn: [[1]],
    IsNotIn: [[1]],
    Equals: [1],
    NotEquals: [1],
    Min: [1],
    Max: [1],
    IsDivisibleBy: [2],
    MinDate: [new Date()],
    MaxDate: [new Date()],
    IsEnum: [{ A: 'a' }],
    Matches: [/a/],
    Contains: ['a'],
    NotContains: ['a'],
    Length: [1, 2],
    MinLength: [1],
    MaxLength: [1],
    IsByteLength: [1, 2],
    IsHash: ['md5'],
    ArrayContains: [[1]],
    ArrayNotContains: [[1]],
    ArrayMinSize: [1],
    ArrayMaxSize: [1],
    IsInstance: [Date],
    IsIdentityCard: ['any'],
    IsPassportNumber: ['DE'],
    IsPostalCode: ['DE'],
    IsTaxId: ['de-DE'],
    IsRgbColor: [{}],
    IsMobilePhone: ['de-DE', undefined],
    IsPhoneNumber: ['DE'],
  };

  // Decorators whose first parameter is optional and is not class-validator's own options.
  const OPTIONS_FIRST =
    /^Is(Alpha|Alphanumeric|Base64|Currency|DateString|Decimal|Email|FQDN|IBAN|IP|ISBN|ISO8601|ISSN|NotEmptyObject|Number|NumberString|StrongPassword|UUID|Url)$/;
  const argumentsOf = (name: string): unknown[] => ARGUMENTS[name] ?? (OPTIONS_FIRST.test(name) ? [undefined] : []);

  it.each(COMPILED_DECORATORS.filter((name) => name !== 'IsOptional'))(
    '%s is compiled, with each and without',
    (name) => {
      const decorator = (cv as unknown as Record<string, (...args: unknown[]) => PropertyDecorator>)[name]!;
      class Uses {}
      Schema()(Uses);
      (Column('utf8') as PropertyDecorator)(Uses.prototype, 'a');
      (Column('list<utf8>') as PropertyDecorator)(Uses.prototype, 'b');
      decorator(...argumentsOf(name), { message: 'own text' })(Uses.prototype, 'a');
      decorator(...argumentsOf(name), { each: true })(Uses.prototype, 'b');
      const { columns, checkRecord } = schemaOf(Uses);
      expect(checkRecord).toBeUndefined();
      expect(columns.map(({ rules }) => rules.map(({ each }) => each))).toEqual([[false], [true]]);
      expect(columns[0]!.rules[0]!.explain('x', {})).toBe('own text');
    },
  );

  it('are the ones that the guide lists', () => {
    const guide = readFileSync(new URL('../../../../docs/guide/schema.md', import.meta.url), 'utf8');
    const section = /## Compiled decorators\n([^]*?)\n## /.exec(guide)![1]!;
    expect([...section.matchAll(/`([A-Z]\w+)`/g)].map(([, name]) => name).sort()).toEqual([...COMPILED_DECORATORS]);
  });
});
