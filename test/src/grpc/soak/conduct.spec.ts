import { grpcMessage, RawStream } from '@witan-libs/testing';
import { describe, expect, it } from 'vitest';
import { ECHO, STREAM } from '../attack/victim.js';
import { faultOf, messageOf } from './conduct.js';

const first = messageOf(1, 1000);
const second = messageOf(2, 1000);
const one = { path: ECHO, messages: [first], isHonest: true };
const two = { path: STREAM, messages: [first, second], isHonest: true };

function answered(messages: readonly Buffer[], status = '0'): RawStream {
  const stream = new RawStream();
  stream.headers.push({ ':status': '200' }, { 'grpc-status': status });
  stream.chunks.push(...messages.map((message) => grpcMessage(message)));
  stream.isEnded = true;
  return stream;
}

describe('the judge of a soak', () => {
  it('finds nothing wrong with what was sent', () => {
    expect([faultOf(one, answered([first])), faultOf(two, answered([first, second]))]).toEqual([undefined, undefined]);
  });

  it.each([
    ['a lost answer', one, [], '0 messages'],
    ['a doubled answer', one, [first, first], '2 messages'],
    ["another call's answer", one, [second], 'other bytes'],
    ['answers out of order', two, [second, first], 'other bytes'],
  ])('finds %s', (_, conduct, messages, fault) => {
    expect(faultOf(conduct, answered(messages))).toContain(fault);
  });

  it('finds a failure, a reset and silence', () => {
    const reset = answered([]);
    reset.reset = 8;
    const silent = new RawStream();
    const faults = [answered([], '13'), reset, silent].map((stream) => faultOf(one, stream));
    expect(faults).toEqual([
      expect.stringContaining('status 13'),
      expect.stringContaining('reset with 8'),
      expect.stringContaining('no answer'),
    ]);
  });
});
