import { columnOf, Frame } from '@witan/core/frame';
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import type { LogRecord } from '../../sink/log-record.js';
import { decodeInferenceLogs } from './decode-inference-logs.js';
import { encodeInferenceLogs } from './encode-inference-logs.js';

const known = {
  id: 'a',
  requestId: 'r-1',
  epochMs: 1,
  kind: 'model',
  point: 'iris',
  service: '',
  durationMs: 0,
} as const;

/** The dialect's messages, as its .proto has them. */
const PROTO = `syntax = "proto3"; package hushar;
message DataType { oneof data_type { double double_value = 1; float float_value = 2; int32 integer_value = 3;
  int64 long_value = 4; string string_value = 5; DoubleArray double_array = 6; FloatArray float_array = 7;
  IntegerArray integer_array = 8; LongArray long_array = 9; StringArray string_array = 10; } }
message DoubleArray { repeated double values = 1; }
message FloatArray { repeated float values = 1; }
message IntegerArray { repeated int32 values = 1; }
message LongArray { repeated int64 values = 1; }
message StringArray { repeated string values = 1; }
message InferenceLogRow { string row_id = 1; map<string, DataType> features = 2; repeated float scores = 3; }
message InferenceLogBatch { string request_id = 1; string model_id = 2; repeated InferenceLogRow inference_log_rows = 3; }
message InferenceLogs { repeated InferenceLogBatch inferenceLogBatches = 1; }`;
const InferenceLogs = protobuf.parse(PROTO, { keepCase: true }).root.lookupType('hushar.InferenceLogs');

interface Batch {
  readonly request_id: string;
  readonly model_id: string;
  readonly inference_log_rows: { row_id: string; features: Record<string, unknown>; scores: number[] }[];
}
const decoded = (bytes: Uint8Array): readonly Batch[] =>
  (
    InferenceLogs.toObject(InferenceLogs.decode(bytes), {
      longs: String,
      arrays: true,
      objects: true,
      defaults: true,
    }) as {
      inferenceLogBatches: Batch[];
    }
  ).inferenceLogBatches;
const features = (input: Frame): unknown =>
  decoded(encodeInferenceLogs([{ ...known, input }]))[0]!.inference_log_rows[0]!.features;

describe('InferenceLogs, read by protobufjs', () => {
  it('have a batch for each record and a row for each row, with features and scores', () => {
    const input = Frame.fromColumns({ x: Float64Array.of(1.5, 2.5), name: ['a', null] });
    const output = new Frame([
      ['label', columnOf('utf8', ['no number', 'no number'])],
      ['probabilities', columnOf('f32', [[0.25, 0.75], null], { shape: [2] })],
      ['class', columnOf('i64', [7n, 8n])],
    ]);
    const records: LogRecord[] = [
      { ...known, model: 'iris', version: '3', input, output },
      { ...known, requestId: '', error: { code: 'X', message: 'failed' } },
    ];
    expect(decoded(encodeInferenceLogs(records))).toEqual([
      {
        request_id: 'r-1',
        model_id: 'iris@3',
        inference_log_rows: [
          { row_id: '0', features: { x: { double_value: 1.5 }, name: { string_value: 'a' } }, scores: [0.25, 0.75, 7] },
          { row_id: '1', features: { x: { double_value: 2.5 } }, scores: [NaN, NaN, 8] },
        ],
      },
      { request_id: '', model_id: 'iris', inference_log_rows: [] },
    ]);
  });

  it.each([
    [columnOf('f64', [-0.1]), { double_value: -0.1 }],
    [columnOf('f32', [0.5]), { float_value: 0.5 }],
    [columnOf('f16', [0.5]), { float_value: 0.5 }],
    [columnOf('bool', [true]), { integer_value: 1 }],
    [columnOf('i8', [-128]), { integer_value: -128 }],
    [columnOf('i32', [2 ** 31 - 1]), { integer_value: 2 ** 31 - 1 }],
    [columnOf('u16', [65535]), { integer_value: 65535 }],
    [columnOf('u32', [2 ** 32 - 1]), { long_value: '4294967295' }],
    [columnOf('i64', [-(2n ** 63n)]), { long_value: '-9223372036854775808' }],
    [columnOf('u64', [2n ** 63n - 1n]), { long_value: '9223372036854775807' }],
    [columnOf('u64', [2n ** 64n - 1n]), { string_value: '18446744073709551615' }],
    [columnOf('date32', [-1]), { integer_value: -1 }],
    [columnOf('timestamp(ms)', [new Date(5)]), { long_value: '5' }],
    [columnOf('duration(ns)', [-5n]), { long_value: '-5' }],
    [columnOf('utf8', ['']), { string_value: '' }],
    [columnOf('binary', [Uint8Array.of(255)]), { string_value: '/w==' }],
    [columnOf('f64', [[1, 2]], { shape: [2] }), { double_array: { values: [1, 2] } }],
    [columnOf('f32', [[1, 2, 3, 4]], { shape: [2, 2] }), { float_array: { values: [1, 2, 3, 4] } }],
    [columnOf('f16', [[1, 2]], { shape: [2] }), { float_array: { values: [1, 2] } }],
    [columnOf('list<i32>', [[-1, 300]]), { integer_array: { values: [-1, 300] } }],
    [columnOf('list<i64>', [[]]), { long_array: { values: [] } }],
    [columnOf('list<u64>', [[1n, 2n ** 63n]]), { string_array: { values: ['1', '9223372036854775808'] } }],
    [columnOf('list<utf8>', [['', 'é']]), { string_array: { values: ['', 'é'] } }],
  ])('have each dtype as its member: %#', (column, expected) => {
    expect(features(new Frame([['f', column]]))).toEqual({ f: expected });
  });

  it('have row ids of a column where one is named, which is no feature then', () => {
    const input = Frame.fromColumns({ row: ['first', 'second'], x: Float32Array.of(1, 2) });
    const [batch] = decoded(encodeInferenceLogs([{ ...known, input }], 'row'));
    expect(batch!.inference_log_rows.map(({ row_id, features: named }) => [row_id, Object.keys(named)])).toEqual([
      ['first', ['x']],
      ['second', ['x']],
    ]);
  });

  it('may be of any size', () => {
    const input = new Frame([['v', columnOf('f32', [new Float32Array(50_000).fill(0.5)], { shape: [50_000] })]]);
    const [batch] = decoded(encodeInferenceLogs([{ ...known, input, requestId: 'é'.repeat(9000) }]));
    expect(batch!.request_id).toHaveLength(9000);
    const { v } = batch!.inference_log_rows[0]!.features as { v: { float_array: { values: number[] } } };
    expect(v.float_array.values).toHaveLength(50_000);
  });
});

describe('InferenceLogs, read back', () => {
  it('give records whose columns have the types of the values', () => {
    const input = new Frame([
      ['x', columnOf('f32', [1.5, null])],
      ['n', columnOf('i64', [2n ** 62n + 1n, -1n])],
      ['name', columnOf('utf8', ['a', ''])],
      [
        'v',
        columnOf(
          'f64',
          [
            [1, 2],
            [3, 4],
          ],
          { shape: [2] },
        ),
      ],
      ['words', columnOf('list<utf8>', [['a'], []])],
    ]);
    const output = new Frame([
      [
        'y',
        columnOf(
          'f32',
          [
            [1, 2],
            [3, 4],
          ],
          { shape: [2] },
        ),
      ],
    ]);
    const [record, other, ...more] = [
      ...decodeInferenceLogs(encodeInferenceLogs([{ ...known, input, output }, known]), 'a.pb'),
    ];
    expect(more).toEqual([]);
    expect(record).toMatchObject({ id: 'a.pb#0', requestId: 'r-1', model: 'iris' });
    expect(Frame.equals(record!.input!.select(input.names), input)).toBe(true);
    expect(record!.output!.column('scores').toArray()).toEqual([Float32Array.of(1, 2), Float32Array.of(3, 4)]);
    expect(other).toMatchObject({ id: 'a.pb#1' });
    expect(other!.input!.rows).toBe(0);
  });

  it('written by protobufjs are read too', () => {
    const message = {
      inferenceLogBatches: [
        {
          request_id: 'r',
          inference_log_rows: [
            { features: { a: { integer_value: -3 }, b: { long_array: { values: [1, -2] } } }, scores: [0.5] },
          ],
        },
      ],
    };
    const bytes = InferenceLogs.encode(InferenceLogs.fromObject(message)).finish();
    const [record] = [...decodeInferenceLogs(bytes, 'x')];
    expect(record!.input!.records()).toEqual([{ a: -3, b: BigInt64Array.of(1n, -2n) }]);
    expect(record!.output!.records()).toEqual([{ scores: Float32Array.of(0.5) }]);
  });

  it('broken anywhere are refused or read, and never hang', () => {
    const bytes = encodeInferenceLogs([{ ...known, input: Frame.fromColumns({ x: [1, 2], t: ['a', 'b'] }) }]);
    for (let i = 0; i < bytes.length; i++) {
      const changed = Buffer.from(bytes);
      changed[i]! ^= 0xff;
      for (const broken of [changed, bytes.subarray(0, i)]) {
        try {
          for (const record of decodeInferenceLogs(broken, 'x')) expect(record.requestId.length).toBeLessThan(1000);
        } catch (error) {
          expect(String(error)).toMatch(/^(RangeError|TypeError|WitanError)/);
        }
      }
    }
  });
});

it('the .proto of the test is the one that the server has', () => {
  const served = readFileSync(new URL('../../../../protocols/src/hushar/hushar-proto.ts', import.meta.url), 'utf8');
  const bare = (text: string): string => text.replace(/\/\/.*$/gm, '').replace(/\s+/g, '');
  for (const message of PROTO.split('\nmessage ').slice(1)) expect(bare(served)).toContain(bare(`message ${message}`));
});
