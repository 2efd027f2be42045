import { describe, expect, it } from 'vitest';
import { describeSchema, schemaMismatch } from './compare.js';
import { type DynamicColumn } from './dynamic-schema.js';
import { jsonSchemaOf } from './json-schema.js';
import { Schema } from './schema.decorator.js';

const schema = (columns: Record<string, DynamicColumn>, unknown: 'ignore' | 'refuse' = 'ignore') =>
  Schema.dynamic({ name: 'S', columns, unknown });

describe('describeSchema', () => {
  it('has a line for each column', () => {
    const spec = schema({
      x: { dtype: 'f32', shape: [16, null], each: { min: 0 } },
      t: { dtype: 'utf8', nullable: true, rules: { isIn: ['a'], matches: '^a' } },
      n: { dtype: 'i64', default: 5 },
    });
    expect(describeSchema(spec)).toBe(
      'S\n  x: f32[16, ?], each min(0)\n  t: utf8, nullable, isIn(["a"]), matches(/^a/, undefined)\n  n: i64, has a default',
    );
  });
});

describe('schemaMismatch', () => {
  it.each<[Record<string, DynamicColumn>, Record<string, DynamicColumn>, string | undefined]>([
    [{ x: 'f32', y: 'f32' }, { x: 'f32' }, undefined],
    [{ x: 'f32' }, { x: 'f64' }, "column 'x' is f32, must be f64"],
    [{ x: 'f32' }, { y: 'f32' }, "column 'y' is missing"],
    [{ x: 'f32' }, { x: 'f32', y: { dtype: 'f32', nullable: true } }, undefined],
    [{ x: 'f32' }, { x: 'f32', y: { dtype: 'f32', default: 0 } }, undefined],
    [{ x: { dtype: 'f32', nullable: true } }, { x: 'f32' }, "column 'x' may be null, must not be"],
    [{ x: 'f32' }, { x: { dtype: 'f32', nullable: true } }, undefined],
    [
      { x: { dtype: 'f32', shape: [4] } },
      { x: { dtype: 'f32', shape: [8] } },
      "column 'x' has the shape [4], must have [8]",
    ],
    [{ x: { dtype: 'f32', shape: [4] } }, { x: { dtype: 'f32', shape: [null] } }, undefined],
    [{ x: { dtype: 'f32', shape: [4] } }, { x: 'f32' }, "column 'x' has the shape [4], must have []"],
  ])('of %j and %j is %s', (out, next, expected) => {
    expect(schemaMismatch(schema(out), schema(next))).toBe(expected);
  });

  it('minds further columns only when they are refused', () => {
    expect(schemaMismatch(schema({ x: 'f32', y: 'f32' }), schema({ x: 'f32' }, 'refuse'))).toBe(
      "column 'y' is not in S, which refuses unknown columns",
    );
  });
});

describe('jsonSchemaOf', () => {
  it('says types, ranges, shapes, rules and defaults', () => {
    const spec = Schema.dynamic({
      name: 'Flower',
      description: 'one flower',
      unknown: 'refuse',
      columns: {
        width: { dtype: 'f32', description: 'in cm', rules: { min: 0, max: 10 } },
        count: 'i8',
        id: 'i64',
        kind: { dtype: 'utf8', nullable: true, rules: { isIn: ['a', 'b'], maxLength: 5 } },
        mail: { dtype: 'utf8', rules: { isEmail: true, isLength: [2, 9], matches: '^a' } },
        image: { dtype: 'u8', shape: [28, null], each: { isPositive: true } },
        tags: { dtype: 'list<utf8>', rules: { arrayMaxSize: 3, arrayUnique: true }, each: { isNotEmpty: true } },
        day: { dtype: 'date32', default: '2024-01-31' },
        at: { dtype: 'timestamp(ms, UTC)', nullable: true },
        raw: 'binary',
        big: { dtype: 'u64', default: 2n ** 60n },
      },
    });
    expect(jsonSchemaOf(spec)).toEqual({
      type: 'object',
      title: 'Flower',
      description: 'one flower',
      additionalProperties: false,
      required: ['width', 'count', 'id', 'mail', 'image', 'tags', 'raw'],
      properties: {
        width: { type: 'number', format: 'float', minimum: 0, maximum: 10, description: 'in cm' },
        count: { type: 'integer', minimum: -128, maximum: 127 },
        id: { type: ['integer', 'string'], format: 'int64', pattern: '^-?(0|[1-9][0-9]*)$' },
        kind: { type: ['string', 'null'], enum: ['a', 'b', null], maxLength: 5 },
        mail: { type: 'string', format: 'email', minLength: 2, maxLength: 9, pattern: '^a' },
        image: {
          type: 'array',
          minItems: 28,
          maxItems: 28,
          items: { type: 'array', items: { type: 'integer', minimum: 0, maximum: 255, exclusiveMinimum: 0 } },
        },
        tags: { type: 'array', maxItems: 3, uniqueItems: true, items: { type: 'string', minLength: 1 } },
        day: { type: 'string', format: 'date', default: '2024-01-31' },
        at: { type: ['string', 'integer', 'null'], format: 'date-time', 'x-dtype': 'timestamp(ms, UTC)' },
        raw: { type: 'string', contentEncoding: 'base64' },
        big: {
          type: ['integer', 'string'],
          format: 'uint64',
          pattern: '^-?(0|[1-9][0-9]*)$',
          default: '1152921504606846976',
        },
      },
    });
  });
});
