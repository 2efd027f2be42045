import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppProcess } from '../harness/app-process.js';
import { type ModelFolder, modelFolder, serve, witan } from '../harness/witan-command.js';
import { type Certificates, makeCertificates } from '@witan-libs/testing';

describe('witan serve with TLS', () => {
  let certificates: Certificates;
  let folder: ModelFolder;
  let app: AppProcess;
  let infer: string[];
  beforeAll(async () => {
    certificates = makeCertificates();
    folder = modelFolder();
    folder.put('m.onnx', 'identity-f32');
    const { cert, key } = certificates.server;
    app = await serve([folder.path, '--tls-cert', cert, '--tls-key', key, '--mtls-ca', certificates.ca, '--trusted']);
    const port = new URL(app.url).port;
    infer = ['infer', 'm', '--data', '{"x":[1,2,3]}', '--url', `https://127.0.0.1:${port}`];
  });
  afterAll(async () => {
    await app?.stop();
    folder.end();
    certificates.remove();
  });

  it('answers those whose certificate its authority signed', async () => {
    const own = [join(dirname(certificates.ca), 'cli.pem'), join(dirname(certificates.ca), 'cli.key')] as const;
    writeFileSync(own[0], certificates.client.cert);
    writeFileSync(own[1], certificates.client.key);
    const known = await witan([...infer, '--ca', certificates.ca, '--cert', own[0], '--cert-key', own[1]]);
    expect([known.code, known.out]).toEqual([0, expect.stringContaining('"y":[1,2,3]')]);
  });

  it('refuses others, and the command says what to do', async () => {
    const unknown = await witan([...infer, '--ca', certificates.ca]);
    expect(unknown.code).toBe(1);
    const untrusted = await witan(infer);
    expect([untrusted.code, untrusted.err]).toEqual([1, expect.stringContaining('give --ca')]);
    const plain = await witan([...infer.slice(0, -1), infer.at(-1)!.replace('https', 'http')]);
    expect([plain.code, plain.err]).toEqual([1, expect.stringContaining('http or https')]);
  });

  it('holds for gRPC too', async () => {
    const { client } = certificates;
    const ca = readFileSync(certificates.ca);
    const ready = (one: Client): Promise<boolean> =>
      new Promise((resolve) => one.waitForReady(Date.now() + 5000, (error) => resolve(error === undefined)));
    const known = new Client(app.grpcAddress, credentials.createSsl(ca, client.key, client.cert));
    expect(await ready(known)).toBe(true);
    known.close();
  });
});
