import { readFileSync } from 'node:fs';
import { fixtureModel, type S3Server, startS3Server } from '@witan-libs/testing';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import type { AppProcess } from '../harness/app-process.js';
import { type ModelFolder, modelFolder, WITAN, witan } from '../harness/witan-command.js';
import { startProcess } from '../harness/app-process.js';

describe('witan serve, of a bucket', () => {
  let s3: S3Server | { readonly missing: string };
  let folder: ModelFolder;
  const running: AppProcess[] = [];
  beforeAll(async () => {
    s3 = await startS3Server();
    folder = modelFolder();
  });
  afterAll(async () => {
    await Promise.all(running.map((app) => app.stop()));
    if (s3 && 'close' in s3) await s3.close();
    folder?.end();
  });

  function server(context: TestContext): S3Server {
    if ('missing' in s3) context.skip(s3.missing);
    return s3 as S3Server;
  }

  async function serveBucket({ bucket, endpoint, region, credentials }: S3Server, path: string): Promise<AppProcess> {
    const cache = folder.beside('x', '').replace(/x$/, 'cache');
    const args = ['serve', `s3://${bucket}/${path}`, '--cache-dir', cache, '--poll', '300ms', '--trusted'];
    const env = {
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    };
    const app = await startProcess([WITAN, ...args, '--http', '0', '--grpc', '0'], env);
    running.push(app);
    return app;
  }

  it('serves its models, and new versions of them', async (context) => {
    const s3 = server(context);
    await s3.put('prod/m/1/model.onnx', readFileSync(fixtureModel('identity-f32')));
    const app = await serveBucket(s3, 'prod');
    const infer = ['infer', 'm', '--data', '{"x":[1,2,3]}', '--url', app.url];
    expect((await witan(infer)).out).toContain('"y":[1,2,3]');
    await s3.put('prod/m/2/model.onnx', readFileSync(fixtureModel('variable-width')));
    await app.said('version 2 answers in place of 1');
    expect((await witan(infer)).out).toContain('"y":[2,4,6]');
  });

  it('serves one file of it', async (context) => {
    const s3 = server(context);
    await s3.put('single/iris.onnx', readFileSync(fixtureModel('iris')));
    const app = await serveBucket(s3, 'single/iris.onnx');
    expect((await witan(['infer', 'iris', '--data', '{"X":[1,2,3]}', '--url', app.url])).code).toBe(0);
  });
});
