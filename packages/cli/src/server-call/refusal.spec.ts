import { describe, expect, it } from 'vitest';
import { refusalOf } from './refusal.js';

const wire = (error: object): Buffer => Buffer.from(JSON.stringify({ error }));

describe("a server's refusal", () => {
  it('is its text and code, each wrong row, and what to do', () => {
    const violations = Array.from({ length: 12 }, (_, row) => ({ row: row - 1, message: `bad ${row}` }));
    const text = refusalOf(422, wire({ code: 'CORE_ERR_VALIDATION', message: 'no', details: { violations } }));
    expect(text).toMatch(/^no \[CORE_ERR_VALIDATION\]\n {2}all rows: bad 0\n {2}row 0: bad 1\n/);
    expect(text).toContain('and 2 more');
  });

  it('says when to come back, and which key is wanted', () => {
    expect(refusalOf(503, wire({ code: 'X', message: 'busy', retryAfterMs: 1500 }))).toContain('try again in 2 s');
    expect(refusalOf(401, wire({ code: 'CORE_ERR_ACCESS_KEY', message: 'no key' }))).toContain('WITAN_API_KEY');
  });

  it.each(['<html>Bad gateway</html>', '', '[]', 'null', '{"error":"text"}', '{"error":null}'])(
    'of something else than a server of Witan (%s) is told as it came',
    (body) => expect(refusalOf(502, Buffer.from(body))).toBe(`the server answered 502: ${body}`),
  );
});
