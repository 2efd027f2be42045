import { describe, expect, it } from 'vitest';
import { RequestHeaders } from '../http2/request-headers.js';
import { Field } from '../hpack/field.js';
import { trailerFields } from './answer-fields.js';
import { parseTimeoutMs } from './grpc-timeout.js';
import { metadataOf, wireValue } from './metadata.js';
import { percentEncode } from './percent-encoding.js';

describe('grpc-timeout', () => {
  it.each([
    ['1H', 3_600_000],
    ['2M', 120_000],
    ['3S', 3000],
    ['100m', 100],
    ['1500u', 1.5],
    ['99999999n', 99.999999],
    ['0S', 0],
  ])('%s is %d ms', (text, ms) => expect(parseTimeoutMs(text)).toBeCloseTo(ms, 9));

  it.each(['', 'S', '1', '1s', '-1S', '1.5S', '123456789S', ' 1S', '1 S', 'constructor'])('%j is none', (text) => {
    expect(parseTimeoutMs(text)).toBeUndefined();
  });
});

describe('grpc-message', () => {
  it.each([
    ['plain text, with signs!', 'plain text, with signs!'],
    ['100%', '100%25'],
    ['zwei\nZeilen', 'zwei%0AZeilen'],
    ['ä€😀', '%C3%A4%E2%82%AC%F0%9F%98%80'],
    ['half \uD83D', 'half%20%EF%BF%BD'],
    [' spaced ', '%20spaced%20'],
    ['', ''],
  ])('%j goes out as %s', (text, wire) => expect(percentEncode(text)).toBe(wire));

  it('is cut when it is too long for a header', () => {
    const [[, text]] = trailerFields({ code: 3, message: 'x'.repeat(5000) }) as [[string, string]];
    expect(decodeURIComponent(text)).toBe(`${'x'.repeat(1024)}…`);
  });
});

describe('metadata of a request', () => {
  const headers = new RequestHeaders(10_000);
  for (const [name, value] of [
    [':path', '/a'],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
    ['grpc-timeout', '1S'],
    ['grpc-encoding', 'gzip'],
    ['grpc-accept-encoding', 'gzip'],
    ['user-agent', 'test'],
    ['x-own', 'one'],
    ['x-own', 'two'],
    ['x-bin', 'AAEC,/w'],
    ['x-bin', 'AAEC AA=='],
  ] as const) {
    headers.add(new Field(name, value));
  }

  it('is what does not belong to the protocol, and bytes where the name says so', () => {
    expect([...metadataOf(headers)]).toEqual([
      ['user-agent', 'test'],
      ['x-own', 'one'],
      ['x-own', 'two'],
      ['x-bin', Buffer.from([0, 1, 2])],
      ['x-bin', Buffer.from([255])],
      ['x-bin', Buffer.from([0, 1, 2, 0])],
    ]);
  });

  it('is joined where one name is asked for', () => {
    expect(headers.get('x-own')).toBe('one, two');
    expect(headers.get('x-bin')).toBe('AAEC,/w, AAEC AA==');
    expect(headers.get('x-none')).toBeUndefined();
  });
});

describe('metadata of an answer', () => {
  it('goes out as base64 without padding where the name ends in -bin', () => {
    expect(wireValue('x-bin', Buffer.from([0]))).toBe('AA');
    expect(wireValue('x-bin', 'AA==')).toBe('AA');
    expect(wireValue('x', '  text  ')).toBe('text');
  });

  it.each([
    ['X', 'a'],
    ['', 'a'],
    ['a b', 'a'],
    ['x', 'a\nb'],
    ['x', 'ä'],
    ['x', Buffer.from('a')],
    ['x:y', 'a'],
  ])('is refused: %s', (name, value) => {
    expect(() => wireValue(name, value)).toThrow(expect.objectContaining({ code: 'GRPC_ERR_METADATA' }));
  });

  it('leaves what the protocol owns', () => {
    const trailers = [
      ['grpc-status', '0'],
      [':status', '500'],
      ['content-type', 'a'],
      ['X-Own', 'b'],
    ] as const;
    expect(trailerFields({ code: 0, message: '', trailers })).toEqual([['x-own', 'b']]);
  });
});
