import { WitanError } from '@witan/core';
import { columnOf, Frame } from '@witan/core/frame';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogRecord } from '../sink/log-record.js';
import { TooLarge } from './byte-writer.js';
import { decodeRecord, decodeRecords, recordSpans } from './record-decoder.js';
import { encodeRecords, HEAD_BYTES, RecordEncoder } from './record-encoder.js';
import { anyRecord } from './records.spec.arbitrary.js';

/** Everything but the Frames, and the Frames. */
function parts(record: LogRecord): [Partial<LogRecord>, Frame | undefined, Frame | undefined] {
  const { input, output, ...facts } = record;
  const known = Object.entries(facts).filter(([, value]) => value !== undefined);
  return [Object.fromEntries(known), input, output];
}

function same(a: LogRecord, b: LogRecord): void {
  const [[factsA, inA, outA], [factsB, inB, outB]] = [parts(a), parts(b)];
  expect(factsB).toEqual(factsA);
  for (const [one, other] of [
    [inA, inB],
    [outA, outB],
  ] as const) {
    expect(other === undefined).toBe(one === undefined);
    if (one && other) expect(Frame.equals(one, other)).toBe(true);
  }
}

describe('records in their binary form', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { maxLength: 4 }), (records) => {
        const back = decodeRecords(encodeRecords(records));
        expect(back).toHaveLength(records.length);
        records.forEach((record, i) => same(record, back[i]!));
      }),
      { numRuns: 300 },
    );
  });

  it('survive what lies between them: a torn end, a damaged record', () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { minLength: 3, maxLength: 3 }), fc.nat(), (records, cut) => {
        const [first, second, third] = records.map((record) => encodeRecords([record])) as [Buffer, Buffer, Buffer];
        const torn = Buffer.concat([first, second, third.subarray(0, cut % third.length)]);
        expect(recordSpans(torn).spans).toHaveLength(2);
        expect(recordSpans(torn).damagedBytes).toBe(cut % third.length);
        const bad = Buffer.from(second);
        bad[HEAD_BYTES + (cut % (bad.length - HEAD_BYTES))]! ^= 0x40;
        const damaged = Buffer.concat([first, bad, third]);
        const { spans, damagedBytes } = recordSpans(damaged);
        expect(damagedBytes).toBe(bad.length);
        expect(spans.map((span) => decodeRecord(damaged, span).id)).toEqual([records[0]!.id, records[2]!.id]);
      }),
    );
  });

  it('are refused, not believed, where the bytes are anything: no crash, no hang, no large memory', () => {
    fc.assert(
      fc.property(anyRecord, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }), (record, changes) => {
        const bytes = encodeRecords([record]);
        for (const [at, value] of changes) bytes[HEAD_BYTES + (at % (bytes.length - HEAD_BYTES))] = value;
        try {
          // As if the checksum fitted.
          decodeRecord(bytes, { start: 0, end: bytes.length });
        } catch (error) {
          expect(WitanError.is(error) && error.code).toBe('SINK_ERR_RECORD');
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it('that are larger than allowed are not added, and the others are', () => {
    const encoder = new RecordEncoder(1_000);
    const record = (size: number): LogRecord => ({
      id: String(size),
      requestId: 'r',
      epochMs: 1,
      durationMs: 1,
      kind: 'handler',
      point: 'p',
      service: 's',
      input: Frame.fromColumns({ x: columnOf('utf8', ['x'.repeat(size)]) }),
    });
    encoder.add(record(10));
    expect(() => encoder.add(record(1_000))).toThrow(TooLarge);
    expect(() => encoder.add(record(1_000_000))).toThrow(TooLarge);
    encoder.add(record(20));
    expect(decodeRecords(encoder.take()).map(({ id }) => id)).toEqual(['10', '20']);
  });
});
