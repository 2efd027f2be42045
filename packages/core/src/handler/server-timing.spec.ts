import { describe, expect, it } from 'vitest';
import { serverTiming } from './server-timing.js';

describe('serverTiming', () => {
  it('names the phases in their order, in milliseconds to the microsecond', () => {
    const phases = { encodeMs: 0.1, decodeMs: 0.04167, queueMs: 0, vectorizeMs: 1e-7, tensorMs: 12, inferMs: 3.5 };
    expect(serverTiming(phases, 16.25)).toBe(
      'decode;dur=0.042, queue;dur=0, vectorize;dur=0, tensor;dur=12, infer;dur=3.5, encode;dur=0.1, total;dur=16.25',
    );
  });

  it('leaves out what is not known, and no number is ever anything else', () => {
    expect(serverTiming(undefined, -1)).toBe('total;dur=0');
    expect(serverTiming({ inferMs: Number.NaN }, 1)).toBe('infer;dur=0, total;dur=1');
  });
});
