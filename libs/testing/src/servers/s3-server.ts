import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { goTool } from './foreign-tool.js';
import { startServer } from './server-process.js';

const VERSITYGW = '1.8.0';

/** A real S3 service on this machine, with one bucket. */
export interface S3Server {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  put(key: string, content: Uint8Array | string): Promise<void>;
  remove(key: string): Promise<void>;
  close(): Promise<void>;
}

/** versitygw, built on first use; `missing` says why this machine cannot have it. */
export async function startS3Server(): Promise<S3Server | { readonly missing: string }> {
  const tool = await goTool('versitygw', VERSITYGW, 'github.com/versity/versitygw/cmd/versitygw');
  if ('missing' in tool) return tool;
  const credentials = { accessKeyId: 'witan-test', secretAccessKey: 'witan-test-secret' };
  const env = { ROOT_ACCESS_KEY: credentials.accessKeyId, ROOT_SECRET_KEY: credentials.secretAccessKey };
  const server = await startServer(
    tool.path,
    (port, folder) => {
      for (const name of ['data', 'meta']) mkdirSync(join(folder, name));
      return [
        '--port',
        `127.0.0.1:${port}`,
        '--quiet',
        'posix',
        '--sidecar',
        join(folder, 'meta'),
        join(folder, 'data'),
      ];
    },
    env,
  );
  const place = { endpoint: `http://127.0.0.1:${server.port}`, region: 'us-east-1', bucket: 'models' };
  const sdk = await import('@aws-sdk/client-s3');
  const { endpoint, region, bucket: Bucket } = place;
  const client = new sdk.S3Client({ endpoint, region, credentials, forcePathStyle: true });
  await client.send(new sdk.CreateBucketCommand({ Bucket }));
  return {
    ...place,
    credentials,
    put: async (Key, content) => void (await client.send(new sdk.PutObjectCommand({ Bucket, Key, Body: content }))),
    remove: async (Key) => void (await client.send(new sdk.DeleteObjectCommand({ Bucket, Key }))),
    close: async () => {
      client.destroy();
      await server.close();
    },
  };
}
