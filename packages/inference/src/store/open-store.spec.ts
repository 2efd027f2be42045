import { tmpdir } from 'node:os';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openStore } from './open-store.js';

describe('opening a store', () => {
  it('takes a folder by path and by URL, and a store as it is', async () => {
    const byPath = await openStore(tmpdir());
    const byUrl = await openStore(pathToFileURL(tmpdir()));
    expect(byUrl.uri).toBe(byPath.uri);
    expect(await openStore(byPath)).toBe(byPath);
    expect((await openStore('not/there/yet')).uri).toMatch(/^file:.*not\/there\/yet$/);
  });

  it.each([
    'ftp://host/x',
    'javascript:alert(1)',
    '',
    'a\0b',
    's3:///x',
    'http://',
    's3://b/%zz',
    'file://host/x',
    'constructor:x',
  ])('refuses %j and says what would do', async (where) => {
    await expect(openStore(where)).rejects.toMatchObject({
      code: 'INF_ERR_STORE_URI',
      category: 'INVALID_ARGUMENT',
    });
  });

  it('names the package that Azure and Google need', async () => {
    await expect(openStore('gs://bucket/x')).rejects.toMatchObject({
      code: 'INF_ERR_STORE_URI',
      message: expect.stringContaining('npm install opendal'),
    });
    await expect(openStore('az://container/x')).rejects.toMatchObject({
      message: expect.stringContaining('AZURE_STORAGE_ACCOUNT'),
    });
  });

  it('refuses a prefix that leaves the bucket', async () => {
    await expect(openStore('s3://bucket/a/..%2f..%2fb')).rejects.toMatchObject({ code: 'INF_ERR_STORE_URI' });
  });
});
