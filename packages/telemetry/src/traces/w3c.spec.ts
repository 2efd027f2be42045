import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTraceparent, traceparentOf, usableBaggage, usableTracestate } from './w3c.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

describe('traceparent', () => {
  it.each([
    [`00-${TRACE}-${SPAN}-01`, true],
    [`00-${TRACE}-${SPAN}-00`, false],
    [`00-${TRACE}-${SPAN}-03`, true],
    // Of versions to come what is known is read.
    [`cc-${TRACE}-${SPAN}-01-what-the-future-brings`, true],
    [`01-${TRACE}-${SPAN}-00`, false],
  ])('%s is read', (text, sampled) => {
    expect(parseTraceparent(text)).toEqual({ traceId: TRACE, spanId: SPAN, sampled });
  });

  it.each([
    ['nothing', undefined],
    ['empty', ''],
    ['cut short', `00-${TRACE}-${SPAN}-0`],
    ['longer than version 00 is', `00-${TRACE}-${SPAN}-01-more`],
    ['two of them', `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`],
    ['version ff', `ff-${TRACE}-${SPAN}-01`],
    ['upper case', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['a trace of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['a span of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['no digits', `00-${'g'.repeat(32)}-${SPAN}-01`],
    ['other separators', `00_${TRACE}_${SPAN}_01`],
    ['a later version that goes on without a separator', `01-${TRACE}-${SPAN}-01x`],
    ['100 kB', `00-${TRACE}-${SPAN}-01`.padEnd(100_000, 'a')],
  ])('%s is ignored', (_, text) => {
    expect(parseTraceparent(text)).toBeUndefined();
  });

  it('reads what it writes, and never throws', () => {
    const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
    fc.assert(
      fc.property(hex(32), hex(16), fc.boolean(), (traceId, spanId, sampled) => {
        fc.pre(/[1-9a-f]/.test(traceId) && /[1-9a-f]/.test(spanId));
        expect(parseTraceparent(traceparentOf(traceId, spanId, sampled))).toEqual({ traceId, spanId, sampled });
      }),
    );
    fc.assert(fc.property(fc.string({ maxLength: 80 }), (text) => void parseTraceparent(text)));
  });
});

describe('tracestate and baggage', () => {
  it('go on as they came, within bounds', () => {
    expect(usableTracestate('a=1,b=2')).toBe('a=1,b=2');
    expect(usableTracestate('a'.repeat(513))).toBeUndefined();
    expect(usableTracestate('a=\u0001')).toBeUndefined();
    expect(usableBaggage('user=1;ttl=2')).toBe('user=1;ttl=2');
    expect(usableBaggage('a'.repeat(100_000))).toBeUndefined();
    expect(usableBaggage(undefined)).toBeUndefined();
  });
});
