import { columnOf, Frame } from '@witan/core/frame';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeRecords } from '../../record/record-encoder.js';
import { anyRecord } from '../../record/records.spec.arbitrary.js';
import type { LogRecord } from '../../sink/log-record.js';
import { jsonLine } from '../layout/json-line.js';
import { RecordLines } from './record-lines.js';

const lines = new RecordLines();
function linesOf(records: readonly LogRecord[]): string {
  for (const span of lines.of(Buffer.from(encodeRecords(records)))) lines.add(span);
  return lines.take();
}
const wanted = (records: readonly LogRecord[]): string => records.map((record) => `${jsonLine(record)}\n`).join('');
const facts = {
  id: 'a',
  requestId: 'ü"\n',
  epochMs: 1_699_999_999_999.25,
  kind: 'model',
  point: 'm',
  service: 's',
} as const;

describe('lines made of bytes', () => {
  it('say what lines made of objects say', () => {
    const plain = anyRecord.map((record) => ({ ...record, error: undefined, phases: undefined, raw: undefined }));
    fc.assert(
      fc.property(fc.array(fc.oneof(plain, anyRecord), { maxLength: 4 }), (records) => {
        const parsed = (text: string): unknown[] => text.split('\n').map((line) => line && JSON.parse(line));
        expect(parsed(linesOf(records))).toEqual(parsed(wanted(records)));
      }),
      { numRuns: 300 },
    );
  });

  it('are the same text for every simple type, nulls and many rows', () => {
    const input = new Frame(
      [
        ['ok', columnOf('bool', [true, null, false])],
        ['i8', columnOf('i8', [-128, 0, 127])],
        ['i16', columnOf('i16', [-32_768, null, 1])],
        ['i32', columnOf('i32', [-(2 ** 31), 1, 2])],
        ['i64', columnOf('i64', [-(2n ** 63n), 5n, null])],
        ['u8', columnOf('u8', [255, 0, 1])],
        ['u16', columnOf('u16', [65_535, 0, 1])],
        ['u32', columnOf('u32', [2 ** 32 - 1, 0, 1])],
        ['u64', columnOf('u64', [2n ** 64n - 1n, 0n, 1n])],
        ['f32', columnOf('f32', [0.1, NaN, -Infinity])],
        ['f64', columnOf('f64', [0.1, 1e-7, 123_456.789])],
        ['größe', columnOf('utf8', ['', null, 'a"\\\u0001€😀'])],
      ],
      3,
    );
    const record = { ...facts, durationMs: 1.25, input, output: input, model: 'm', traceId: '0'.repeat(32) };
    expect(linesOf([record, record])).toBe(wanted([record, record]));
  });

  it.each([
    ['a time that no date can hold', { epochMs: 1e300 }],
    ['a time before 1970', { epochMs: -1.5 }],
    ['a duration that is no number', { durationMs: NaN }],
    ['no columns', { input: new Frame([], 2) }],
    ['no rows', { input: new Frame([['x', columnOf('f32', [])]], 0) }],
  ])('are right for %s', (_, part) => {
    const record = { ...facts, durationMs: 1, ...part };
    expect(linesOf([record])).toBe(wanted([record]));
  });
});
