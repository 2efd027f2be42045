import { WitanError } from '@witan/core';
import { Vectorizer } from '@witan/inference';
import { vectorizedFixture } from '@witan-libs/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Config, type Reference, referenceOf } from './reference.spec.support.js';
import { type DecodedRequest, RequestDecoder } from './request-decoder.js';
import { damaged, requestBytes } from './wire-forms.spec.support.js';

const config = vectorizedFixture().config as Config;
const vectorizer = Vectorizer.of(config);
const decoder = new RequestDecoder(vectorizer, { maxRows: 1000, maxDecodedBytes: 1 << 24 });
/** `WITAN_FUZZ_RUNS=100000` for a night's worth. */
const RUNS = Number(process.env['WITAN_FUZZ_RUNS'] ?? 1000);
const requests = requestBytes(config.feature_order);

/** The message within a larger buffer, so that a read past its end would be seen. */
function surrounded(bytes: Buffer): Buffer {
  const around = Buffer.concat([Buffer.alloc(7, 0xff), bytes, Buffer.alloc(40, 0x12)]);
  return around.subarray(7, 7 + bytes.length);
}

function decode(bytes: Buffer): DecodedRequest | WitanError {
  try {
    return decoder.decode(surrounded(bytes));
  } catch (error) {
    if (!WitanError.is(error)) throw error;
    return error;
  }
}

function expectSame(decoded: DecodedRequest | WitanError, reference: Reference): void {
  const bad = reference.rows.indexOf(undefined);
  if (bad >= 0) {
    expect(decoded).toMatchObject({
      code: 'INF_ERR_VECTORIZE_VALUE',
      category: 'INVALID_ARGUMENT',
      details: { row: bad },
    });
    return;
  }
  if (WitanError.is(decoded)) throw decoded;
  const { message, rows, values, rowIds, requestIdStart, requestIdEnd } = decoded;
  expect(rows).toBe(reference.rows.length);
  expect([...values]).toEqual(reference.rows.flat());
  expect(message.toString('utf8', requestIdStart, requestIdEnd)).toBe(reference.requestId);
  reference.rowIds.forEach((id, row) =>
    expect(message.toString('utf8', rowIds[2 * row], rowIds[2 * row + 1])).toBe(id),
  );
}

describe('any valid message', () => {
  it('is read as protobufjs reads it, whatever its form', () => {
    let wrong = 0;
    let rows = 0;
    fc.assert(
      fc.property(requests, (bytes) => {
        const reference = referenceOf(bytes, config);
        rows += reference.rows.length;
        if (reference.rows.includes(undefined)) wrong++;
        expectSame(decode(bytes), reference);
      }),
      { numRuns: RUNS },
    );
    // The generator makes both rows that can be answered and rows that cannot.
    expect(rows).toBeGreaterThan(RUNS / 2);
    expect(wrong).toBeGreaterThan(RUNS / 20);
    expect(wrong).toBeLessThan(RUNS * 0.95);
  });
});

describe('any damaged message', () => {
  it('gives a clean error, or what protobufjs makes of it', () => {
    let refused = 0;
    fc.assert(
      fc.property(damaged(requests), (bytes) => {
        const decoded = decode(bytes);
        let reference: Reference | undefined;
        try {
          reference = referenceOf(bytes, config);
        } catch {
          // No message for protobufjs.
        }
        if (WitanError.is(decoded) && decoded.code === 'HUSHAR_ERR_MALFORMED') {
          refused++;
          // protobufjs passes over numbers of any length in fields that it does not know.
          if (reference) expect(decoded.message).toMatch(/more than ten bytes/);
          expect(decoded.category).toBe('INVALID_ARGUMENT');
        } else if (reference) expectSame(decoded, reference);
        // A row before the damage may have been refused already.
        else expect(decoded).toMatchObject({ code: 'INF_ERR_VECTORIZE_VALUE' });
      }),
      { numRuns: RUNS },
    );
    expect(refused).toBeGreaterThan(RUNS / 4);
  });

  it('gives a clean error, or rows, when it is noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const decoded = decode(Buffer.from(bytes));
        if (WitanError.is(decoded)) expect(['HUSHAR_ERR_MALFORMED', 'INF_ERR_VECTORIZE_VALUE']).toContain(decoded.code);
      }),
      { numRuns: RUNS },
    );
  });
});
