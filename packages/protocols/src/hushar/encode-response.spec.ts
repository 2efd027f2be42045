import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeResponse } from './encode-response.js';
import { InferenceResponse } from './hushar-client.spec.support.js';

describe('a response', () => {
  it('is what protobufjs writes, byte for byte', () => {
    const id = fc.oneof(
      fc.constant(''),
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('x'.repeat(200), 'é'.repeat(9000)),
    );
    const scores = fc.integer({ min: 0, max: 70 });
    fc.assert(
      fc.property(id, fc.array(id, { maxLength: 6 }), scores, (request_id, ids, count) => {
        const values = Float32Array.from({ length: ids.length * count }, (_, i) => Math.sin(i) * 1e3);
        // The ids lie somewhere in a message.
        const parts = [request_id, ...ids].map((text) => Buffer.from(text));
        const message = Buffer.concat(parts.flatMap((bytes) => [Buffer.from('??'), bytes]));
        const spans: number[] = [];
        let at = 0;
        for (const bytes of parts) spans.push((at += 2), (at += bytes.length));
        const [requestIdStart, requestIdEnd, ...rowIds] = spans as [number, number, ...number[]];
        const request = {
          message,
          rows: ids.length,
          values,
          rowIds: Int32Array.from(rowIds),
          requestIdStart,
          requestIdEnd,
        };
        const outputs = ids.map((row_id, row) => ({
          row_id,
          scores: [...values.subarray(row * count, (row + 1) * count)],
        }));
        const expected = InferenceResponse.encode(InferenceResponse.fromObject({ request_id, outputs })).finish();
        expect(encodeResponse(request, values, count).equals(expected)).toBe(true);
      }),
    );
  });
});
