import { ManualClock } from '@witan-libs/testing';
import { describe, expect, it } from 'vitest';
import { testApp, testService } from './harness.spec.support.js';

/** A service whose decoding, model and encoding take times that are known. */
function timed(timings?: boolean) {
  const clock = new ManualClock();
  const service = testService('m', (context, read) => {
    const frame = read();
    clock.advance(3);
    if (context.phases) context.phases.inferMs = 2.0004;
    if (context.header('x-fail') === '1') throw new RangeError('no');
    return frame;
  });
  return testApp([service], { clock, ...(timings !== undefined && { timings }) });
}

async function timingOf(headers: Record<string, string>, timings?: boolean): Promise<string | undefined> {
  const answer = await timed(timings).fastify.inject({ method: 'POST', url: '/m', headers, payload: [{ a: 1 }] });
  return answer.headers['server-timing'] as string | undefined;
}

describe('server-timing over HTTP', () => {
  it('tells a caller that asks where its time went', async () => {
    expect(await timingOf({ 'x-witan-timing': '1' })).toMatch(/infer;dur=2, (encode;dur=[\d.]+, )?total;dur=3$/);
  });

  it('comes with errors too', async () => {
    expect(await timingOf({ 'x-witan-timing': '1', 'x-fail': '1' })).toMatch(/total;dur=3$/);
  });

  it('comes with streams, as far as the first line', async () => {
    expect(await timingOf({ 'x-witan-timing': '1', accept: 'application/x-ndjson' })).toMatch(/total;dur=3$/);
  });

  it.each<Record<string, string>>([{}, { 'x-witan-timing': '0' }, { 'x-witan-timing': 'x'.repeat(8000) }])(
    'is not there for %j',
    async (headers) => {
      expect(await timingOf(headers)).toBeUndefined();
    },
  );

  it('may be switched off', async () => {
    expect(await timingOf({ 'x-witan-timing': '1' }, false)).toBeUndefined();
  });
});
