import { describe, expect, it } from 'vitest';
import type { BaseCall } from './base-call.js';
import { compressAnswer } from './call-compression.js';
import { compressionNamed } from './compression.js';

describe('an answer', () => {
  it('that cannot be compressed is sent as it is', async () => {
    const call = { headersSent: true, connection: { options: { compressMinBytes: 1 } } } as unknown as BaseCall;
    const message = Buffer.from('hello');
    const gzip = compressionNamed('gzip')!;
    expect(await compressAnswer(call, gzip, message)).toMatchObject({ flag: 1 });
    const compress = () => Promise.reject(new Error('not enough memory'));
    expect(await compressAnswer(call, { ...gzip, compress }, message)).toEqual({ flag: 0, bytes: message });
  });
});
