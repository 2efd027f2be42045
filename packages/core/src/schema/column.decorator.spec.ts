import { describe, expect, it } from 'vitest';
import { Column } from './column.decorator.js';
import { Schema } from './schema.decorator.js';
import { schemaOf } from './schema-of.js';

// What must not compile is held by the expect-error lines: tsc fails when one of them is no error.
@Schema()
class Fits {
  @Column('bool') bool!: boolean;
  @Column('i8') i8!: number;
  @Column('u32') u32!: number;
  @Column('f16') f16!: number;
  @Column('f64') f64!: number;
  @Column('i64') i64!: bigint;
  @Column('u64') u64!: bigint;
  @Column('utf8') utf8!: string;
  @Column('utf8') oneOf!: 'a' | 'b';
  @Column('binary') binary!: Uint8Array;
  @Column('date32') date!: Date;
  @Column('timestamp(ms, UTC)') ms!: Date;
  @Column('timestamp(s)') s!: Date;
  @Column('timestamp(us)') us!: bigint;
  @Column('timestamp(ns, Europe/Berlin)') ns!: bigint;
  @Column('duration(ms)') duration!: bigint;
  @Column('list<f32>') floats!: Float32Array;
  @Column('list<utf8>') words!: string[];
  @Column('list<i64>') longs!: BigInt64Array;
  @Column('list<timestamp(ms, UTC)>') times!: Date[];
  @Column('f32', { shape: [16] }) vector!: Float32Array;
  @Column('u8', { shape: [28, 28] }) image!: Uint8Array;
  @Column('i64', { shape: [null] }) open!: BigInt64Array;
  @Column('bool', { shape: [3] }) flags!: boolean[];
  @Column('f32', { nullable: true }) nullable!: number | null;
  @Column('i64', { nullable: true }) optional?: bigint | null;
  @Column('f32', { shape: [2], nullable: true }) nullableVector!: Float32Array | null;
  @Column('f32', { shape: [2], default: [0, 0] }) withDefault!: Float32Array;
  @Column('i64', { default: 5n }) bigDefault!: bigint;
  @Column('date32', { default: '2024-02-29' }) dateDefault!: Date;
}

class DoesNotFit {
  // @ts-expect-error a number cannot hold an i64
  @Column('i64') i64!: number;
  // @ts-expect-error a bigint is no f32
  @Column('f32') f32!: bigint;
  // @ts-expect-error text is no number
  @Column('i32') i32!: string;
  // @ts-expect-error a Date cannot hold nanoseconds
  @Column('timestamp(ns)') ns!: Date;
  // @ts-expect-error milliseconds are Dates
  @Column('timestamp(ms)') ms!: bigint;
  // @ts-expect-error a nullable column needs | null
  @Column('f32', { nullable: true }) nullable!: number;
  // @ts-expect-error | null needs a nullable column
  @Column('f32') notNullable!: number | null;
  // @ts-expect-error a vector is its typed array
  @Column('f32', { shape: [16] }) vector!: number;
  // @ts-expect-error f64 vectors are Float64Arrays
  @Column('f64', { shape: [16] }) f64!: Float32Array;
  // @ts-expect-error list<f32> is a Float32Array
  @Column('list<f32>') list!: number[];
  // @ts-expect-error list<utf8> is a string[]
  @Column('list<utf8>') words!: string;
  // @ts-expect-error no such dtype
  @Column('float32') unknown!: number;
  // @ts-expect-error the default must be a value of the column
  @Column('f32', { default: 'zero' }) badDefault!: number;
}

describe('@Column', () => {
  it('keeps dtype, shape, nullability and order of every property', () => {
    const spec = schemaOf(Fits);
    expect(spec.columns).toHaveLength(30);
    expect(spec.columns.slice(0, 3).map(({ name, dtype }) => [name, dtype.name])).toEqual([
      ['bool', 'bool'],
      ['i8', 'i8'],
      ['u32', 'u32'],
    ]);
    expect(spec.columns.find(({ name }) => name === 'image')).toMatchObject({ shape: [28, 28], nullable: false });
    expect(spec.columns.find(({ name }) => name === 'nullableVector')).toMatchObject({ shape: [2], nullable: true });
  });

  it('says that a class without @Schema is none', () => {
    expect(() => schemaOf(DoesNotFit)).toThrow(/DoesNotFit.*@Schema\(\)/);
  });
});
