import { describe, expect, it } from 'vitest';

import { loadPeer } from './peer.js';

describe('an optional package', () => {
  it('is named, with what to run, when it is not installed', async () => {
    const missing = 'a-package-that-nobody-has-installed';
    await expect(loadPeer(missing, () => import(missing))).rejects.toMatchObject({
      code: 'CORE_ERR_FRAME_PEER',
      message: `the optional package ${missing} is not installed: run npm install ${missing}`,
    });
  });

  it('is named, with the reason, when it does not load', async () => {
    const load = () => Promise.reject(new Error('no binary for this platform'));
    await expect(loadPeer('nodejs-polars', load)).rejects.toThrow(/nodejs-polars does not load here \(no binary/);
  });
});
