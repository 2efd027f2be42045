import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { FileServer, storeContract } from '@witan-libs/testing';
import { openStore } from './open-store.js';

storeContract('local', async () => {
  const root = await mkdtemp(join(tmpdir(), 'witan-store-'));
  return {
    store: await openStore(root),
    put: async (path, content) => {
      await mkdir(dirname(join(root, path)), { recursive: true });
      // As a careful tool writes: beside it, then in its place.
      await writeFile(join(root, '.new'), content);
      await rename(join(root, '.new'), join(root, path));
    },
    remove: (path) => rm(join(root, path)),
    close: () => rm(root, { recursive: true }),
  };
});

for (const fields of [['bytes', 'etag'], ['bytes', 'sha256', 'etag'], []] as const) {
  storeContract(`HTTP (manifest with ${fields.join(', ') || 'paths only'})`, async () => {
    const server = await FileServer.start({ manifestFields: fields });
    return {
      store: await openStore(server.url),
      put: (path, content) => server.put(path, content),
      remove: (path) => server.remove(path),
      close: () => server.close(),
    };
  });
}

storeContract('S3 (stand-in)', async () => {
  const server = await FileServer.start({ s3Bucket: 'models' });
  const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
  return {
    store: await openStore('s3://models/some/prefix', { s3: { endpoint: server.url, region: 'eu-1', credentials } }),
    put: (path, content) => server.put(`some/prefix/${path}`, content),
    remove: (path) => server.remove(`some/prefix/${path}`),
    close: () => server.close(),
  };
});
