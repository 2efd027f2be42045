import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { npmTool, startAzureServer, startGcsServer, startS3Server, storeContract } from '@witan-libs/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { openStore } from './open-store.js';
import type { OpendalModule } from './opendal/opendal-module.js';
import type { S3StoreOptions } from './store-options.js';

const opendalTool = await npmTool('opendal', '0.49.1');
const opendal =
  'path' in opendalTool
    ? ((await import(pathToFileURL(join(opendalTool.path, 'index.cjs')).href)) as OpendalModule)
    : undefined;
const [s3, azure, gcs] = await Promise.all([startS3Server(), startAzureServer(), startGcsServer()]);
afterAll(() => Promise.all([s3, azure, gcs].map((server) => 'close' in server && server.close())));

/** Each test has a prefix of its own: the servers stay. */
let count = 0;
const newPrefix = (): string => `prefix-${++count}/below it`;

if ('put' in s3) {
  const { endpoint, region, credentials, bucket } = s3;
  const options: S3StoreOptions = { endpoint, region, credentials };
  storeContract('S3 (versitygw)', async () => {
    const prefix = newPrefix();
    return {
      store: await openStore(`s3://${bucket}/${prefix}`, { s3: options }),
      put: (path, content) => s3.put(`${prefix}/${path}`, content),
      remove: (path) => s3.remove(`${prefix}/${path}`),
      close: () => Promise.resolve(),
    };
  });

  describe('an S3 service', () => {
    it('lists more keys than a page holds, and opens one file by its own address', async () => {
      const prefix = newPrefix();
      await Promise.all(Array.from({ length: 1200 }, (_, i) => s3.put(`${prefix}/m${i}/1/model.onnx`, String(i))));
      const store = await openStore(`s3://${bucket}/${prefix}`, { s3: options });
      expect(await store.list('')).toHaveLength(1200);
      const single = await openStore(`s3://${bucket}/${prefix}/m7/1/model.onnx`, { s3: options });
      expect(await single.list('')).toMatchObject([{ path: 'model.onnx', bytes: 1 }]);
    });

    it('answers an unchanged manifest with 304, and the listing stays the very same', async () => {
      const prefix = newPrefix();
      await s3.put(`${prefix}/a.onnx`, 'abc');
      await s3.put(`${prefix}/index.json`, JSON.stringify({ files: [{ path: 'a.onnx', bytes: 3, etag: '"x"' }] }));
      const store = await openStore(`s3://${bucket}/${prefix}`, { s3: { ...options, manifest: 'index.json' } });
      const files = await store.list('');
      expect(files).toMatchObject([{ path: 'a.onnx', bytes: 3 }]);
      expect(await store.list('')).toBe(files);
    });

    it('refuses wrong keys, requests without any, and a bucket that is not there, each with its own text', async () => {
      const wrong = { ...options, credentials: { ...credentials, secretAccessKey: 'wrong' } };
      const denied = { code: 'INF_ERR_STORE_DENIED' };
      await expect((await openStore(`s3://${bucket}`, { s3: wrong })).list('')).rejects.toMatchObject({
        ...denied,
        message: expect.stringContaining('SignatureDoesNotMatch'),
      });
      const anonymous = { ...options, credentials: 'anonymous' } as const;
      await expect((await openStore(`s3://${bucket}`, { s3: anonymous })).list('')).rejects.toMatchObject(denied);
      await expect((await openStore('s3://not-there', { s3: options })).list('')).rejects.toMatchObject({
        code: 'INF_ERR_STORE_ANSWER',
        message: expect.stringContaining('no such bucket'),
      });
    });
  });
}

if (opendal && 'put' in azure) {
  const { account, key, endpoint } = azure;
  storeContract('Azure Blob (Azurite)', async () => {
    const prefix = newPrefix();
    return {
      store: await openStore(`az://${azure.container}/${prefix}`, { opendal, azure: { account, key, endpoint } }),
      put: (path, content) => azure.put(`${prefix}/${path}`, content),
      remove: (path) => azure.remove(`${prefix}/${path}`),
      close: () => Promise.resolve(),
    };
  });

  it('Azure refuses a wrong key', async () => {
    const options = { opendal, azure: { account, key: 'd3Jvbmc=', endpoint } };
    await expect((await openStore('az://models', options)).list('')).rejects.toMatchObject({
      code: 'INF_ERR_STORE_DENIED',
    });
  });
}

if (opendal && 'put' in gcs) {
  storeContract('Google Cloud Storage (fake-gcs-server)', async () => {
    const prefix = newPrefix();
    const options = { opendal, gcs: { anonymous: true, endpoint: gcs.endpoint } };
    return {
      store: await openStore(`gs://${gcs.container}/${prefix}`, options),
      put: (path, content) => gcs.put(`${prefix}/${path}`, content),
      remove: (path) => gcs.remove(`${prefix}/${path}`),
      close: () => Promise.resolve(),
    };
  });
}

it('a cloud that cannot be reached is unavailable', async () => {
  if (!opendal) return;
  const endpoint = 'http://127.0.0.1:1';
  const options = { opendal, gcs: { anonymous: true, endpoint }, retry: { attempts: 1 } };
  await expect((await openStore('gs://models', options)).list('')).rejects.toMatchObject({
    code: 'INF_ERR_STORE_UNAVAILABLE',
  });
});
