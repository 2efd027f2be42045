import {
  IsDefined,
  IsOptional,
  Max,
  Min,
  ValidatorConstraint,
  Validate,
  type ValidatorConstraintInterface,
} from 'class-validator';
import { describe, expect, it } from 'vitest';
import { WitanError } from '../errors/witan-error.js';
import type { DType } from '../frame/dtype.js';
import { Column } from './column.decorator.js';
import { Schema } from './schema.decorator.js';
import { type RecordOf, schemaOf } from './schema-of.js';

@Schema({ name: 'Base', description: 'the parent' })
class Parent {
  @Column('f32') @Min(0) x!: number;
  @Column('utf8') name!: string;
}

@Schema()
class Child extends Parent {
  @Column('i64', { field: 7 }) id!: bigint;
  @Column('f64') declare x: number;
}

function refused(build: () => unknown): WitanError {
  try {
    build();
  } catch (error) {
    return error as WitanError;
  }
  throw new Error('was not refused');
}

describe('schemaOf', () => {
  it('reads a class once', () => {
    expect(schemaOf(Parent)).toBe(Schema.of(Parent));
    expect(schemaOf(schemaOf(Parent))).toBe(schemaOf(Parent));
    expect(schemaOf(Parent)).toMatchObject({
      name: 'Base',
      description: 'the parent',
      unknown: 'ignore',
      type: Parent,
    });
  });

  it('puts inherited columns first and lets a child redeclare one in its place', () => {
    const columns = schemaOf(Child).columns.map(({ name, dtype }) => `${name}:${dtype.name}`);
    expect(columns).toEqual(['x:f64', 'name:utf8', 'id:i64']);
    expect(schemaOf(Parent).columns.map(({ name }) => name)).toEqual(['x', 'name']);
  });

  it('takes inherited rules', () => {
    expect(schemaOf(Child).columns[0]!.rules.map(({ name, constraints }) => [name, constraints])).toEqual([
      ['min', [0]],
    ]);
  });

  const misuses: [string, RegExp, () => unknown][] = [
    [
      'no @Schema',
      /Naked.*no @Schema/,
      () => {
        class Naked {
          @Column('f32') x!: number;
        }
        return schemaOf(Naked);
      },
    ],
    [
      'no columns',
      /Empty.*no columns/,
      () => {
        @Schema()
        class Empty {}
        return schemaOf(Empty);
      },
    ],
    [
      'a bad dtype',
      /Bad.*'x'.*'float' is not a dtype/,
      () => {
        @Schema()
        class Bad {
          @Column('float' as DType) x!: never;
        }
        return schemaOf(Bad);
      },
    ],
    [
      'a fractional shape',
      /Bad.*'x'.*shape.*\[1\.5\]/,
      () => {
        @Schema()
        class Bad {
          @Column('f32', { shape: [1.5] }) x!: Float32Array;
        }
        return schemaOf(Bad);
      },
    ],
    [
      'a shape on a list',
      /list column has no shape/,
      () => {
        @Schema()
        class Bad {
          @Column('list<f32>', { shape: [2] }) x!: Float32Array;
        }
        return schemaOf(Bad);
      },
    ],
    [
      'a field number out of range',
      /field number.*9999.*10000/,
      () => {
        @Schema()
        class Bad {
          @Column('f32', { field: 10000 }) x!: number;
        }
        return schemaOf(Bad);
      },
    ],
    [
      'a field number used twice',
      /'a' and 'b' both have field number 3/,
      () => {
        @Schema()
        class Bad {
          @Column('f32', { field: 3 }) a!: number;
          @Column('f32', { field: 3 }) b!: number;
        }
        return schemaOf(Bad);
      },
    ],
    [
      "a pinned number that is another column's place",
      /'a' and 'b' both have field number 2/,
      () => {
        @Schema()
        class Bad {
          @Column('f32', { field: 2 }) a!: number;
          @Column('f32') b!: number;
        }
        return schemaOf(Bad);
      },
    ],
    [
      'a default of the wrong type',
      /'x'.*default.*must be an integer/,
      () => {
        @Schema()
        class Bad {
          @Column('i8', { default: 1.5 }) x!: number;
        }
        return schemaOf(Bad);
      },
    ],
    [
      'a default that breaks a rule',
      /'x'.*default.*must not be less than 5/,
      () => {
        @Schema()
        class Bad {
          @Column('f32', { default: 1 }) @Min(5) x!: number;
        }
        return schemaOf(Bad);
      },
    ],
    [
      '@IsOptional without null or default',
      /'x'.*@IsOptional/,
      () => {
        @Schema()
        class Bad {
          @Column('f32') @IsOptional() x!: number;
        }
        return schemaOf(Bad);
      },
    ],
    [
      '@IsDefined on a nullable column',
      /'x'.*@IsDefined/,
      () => {
        @Schema()
        class Bad {
          @Column('f32', { nullable: true }) @IsDefined() x!: number | null;
        }
        return schemaOf(Bad);
      },
    ],
    [
      'rules on a property that is no column',
      /'y' has rules but no @Column/,
      () => {
        @Schema()
        class Bad {
          @Column('f32') x!: number;
          @Max(3) y!: number;
        }
        return schemaOf(Bad);
      },
    ],
    [
      'an asynchronous validator',
      /'x'.*asynchronous/,
      () => {
        @ValidatorConstraint({ async: true })
        class Later implements ValidatorConstraintInterface {
          validate(): Promise<boolean> {
            return Promise.resolve(true);
          }
        }
        @Schema()
        class Bad {
          @Column('f32') @Validate(Later) x!: number;
        }
        return schemaOf(Bad);
      },
    ],
  ];
  it.each(misuses)('refuses %s at boot, naming class and property', (_, text, build) => {
    const error = refused(build);
    expect(error.code).toBe('CORE_ERR_SCHEMA_DEFINITION');
    expect(error.message).toMatch(text);
  });
});

describe('Schema.dynamic', () => {
  it('makes a schema from a JSON document, with the type of its records', () => {
    const Point = Schema.dynamic({
      name: 'Point',
      columns: { x: 'f32', id: { dtype: 'i64', nullable: true }, e: { dtype: 'f32', shape: [4] } },
    });
    const record: RecordOf<typeof Point> = { x: 1, id: 5n, e: new Float32Array(4) };
    // @ts-expect-error an i64 is a bigint
    record.id = 5;
    expect(Point.columns.map(({ name, dtype, shape, nullable }) => [name, dtype.name, shape, nullable])).toEqual([
      ['x', 'f32', [], false],
      ['id', 'i64', [], true],
      ['e', 'f32', [4], false],
    ]);
    expect(JSON.parse(JSON.stringify({ columns: Point.columns.length }))).toEqual({ columns: 3 });
  });

  it('takes rules by name, as JSON can say them', () => {
    const spec = Schema.dynamic({
      columns: {
        p: { dtype: 'f32', rules: { min: 0, max: 1 } },
        kind: { dtype: 'utf8', rules: { isIn: ['a', 'b'], matches: ['^[A-Z]$', 'i'], isNotEmpty: true } },
        v: { dtype: 'f32', shape: [2], each: { isPositive: true } },
      },
    });
    expect(spec.columns.map(({ rules }) => rules.map(({ name, each }) => `${each ? 'each ' : ''}${name}`))).toEqual([
      ['min', 'max'],
      ['isIn', 'matches', 'isNotEmpty'],
      ['each isPositive'],
    ]);
  });

  it.each<[string, unknown, RegExp]>([
    ['no object', null, /needs an object/],
    ['no columns', { columns: {} }, /at least one/],
    ['an unknown key', { columns: { x: 'f32' }, colums: 1 }, /'colums' is not known/],
    [
      'an unknown column key',
      { columns: { x: { dtype: 'f32', nullabel: true } } },
      /column 'x'.*'nullabel' is not known/,
    ],
    ['a bad dtype', { columns: { x: 'float32' } }, /column 'x'.*not a dtype/],
    ['no dtype', { columns: { x: {} } }, /column 'x'.*needs a dtype/],
    ['a number for a column', { columns: { x: 3 } }, /column 'x'.*got 3/],
    ['an unknown rule', { columns: { x: { dtype: 'f32', rules: { minimum: 0 } } } }, /'minimum' is no rule/],
    ['a bad pattern', { columns: { x: { dtype: 'utf8', rules: { matches: '(' } } } }, /'matches'/],
    ['nullable that is no boolean', { columns: { x: { dtype: 'f32', nullable: 'yes' } } }, /nullable must be/],
    ['a column called __proto__', JSON.parse('{"columns":{"__proto__":"f32"}}'), /__proto__/],
    ['a bad unknown', { columns: { x: 'f32' }, unknown: 'drop' }, /'ignore' or 'refuse'/],
  ])('refuses %s', (_, document, text) => {
    const error = refused(() => Schema.dynamic(document as never));
    expect(error.code).toBe('CORE_ERR_SCHEMA_DEFINITION');
    expect(error.message).toMatch(text);
  });
});
