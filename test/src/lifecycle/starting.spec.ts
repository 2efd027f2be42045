import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import https from 'node:https';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runToEnd, startProcess } from '../harness/app-process.js';
import { ROOT } from '../harness/repository.js';
import { type Certificates, makeCertificates } from '@witan-libs/testing';

const APP = join(ROOT, 'test', 'dist', 'lifecycle', 'app', 'main.js');

function listen(options: object): NodeJS.ProcessEnv {
  return { LISTEN: JSON.stringify(options) };
}

interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
}

function post(options: https.RequestOptions, secure: boolean): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const request = (secure ? https : http).request(
      { method: 'POST', host: '127.0.0.1', path: '/wait', headers, ...options },
      (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
      },
    );
    request.on('error', reject);
    request.end('[{"ms":0}]');
  });
}

/** Asks the standard health service whether the server serves. */
function health(address: string, credentials: grpc.ChannelCredentials): Promise<number> {
  const client = new grpc.Client(address, credentials);
  return new Promise<number>((resolve, reject) => {
    const raw = (bytes: Buffer): Buffer => bytes;
    client.makeUnaryRequest('/grpc.health.v1.Health/Check', raw, raw, Buffer.alloc(0), (error, answer) => {
      if (error) reject(error);
      // HealthCheckResponse { status = 1 }: SERVING is 1.
      else resolve(answer![1]!);
    });
  }).finally(() => client.close());
}

describe('a boot that fails says why in one line and ends with 1', () => {
  let taken: Server;
  let port: number;
  beforeAll(async () => {
    taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    port = (taken.address() as { port: number }).port;
  });
  afterAll(() => taken.close());

  it('HTTP port in use', async () => {
    const { code, output } = await runToEnd([APP], listen({ http: port }));
    expect(code).toBe(1);
    expect(output).toContain(`[CORE_ERR_BOOT_LISTEN] HTTP port ${port} is in use`);
    expect(output.trim().split('\n')).toHaveLength(1);
  });

  it('gRPC port in use', async () => {
    const { code, output } = await runToEnd([APP], listen({ grpc: port }));
    expect(code).toBe(1);
    expect(output).toContain(`[CORE_ERR_GRPC_LISTEN] gRPC cannot listen on 127.0.0.1:${port}: the address is in use`);
    expect(output.trim().split('\n')).toHaveLength(1);
  });

  it('an option that makes no sense', async () => {
    const { code, output } = await runToEnd([APP], listen({ processes: 0 }));
    expect([code, output]).toEqual([1, expect.stringContaining("processes: 0 is neither 'auto' nor a whole number")]);
  });

  it('a model that is missing', async () => {
    const script = `
      import 'reflect-metadata';
      import { WitanFactory } from '@witan/core';
      import { ModelModule } from '@witan/inference';
      const imports = [ModelModule.forRoot({ store: '/nowhere' }), ModelModule.forFeature({ name: 'ghost' })];
      await WitanFactory.create({ module: class AppModule {}, imports }).listen({ http: 0, grpc: 0 });`;
    const { code, output } = await runToEnd(['--input-type=module', '-e', script]);
    expect([code, output]).toEqual([1, expect.stringMatching(/\[INF_ERR_MODEL_NOT_FOUND\].*ghost.*\/nowhere/)]);
    expect(output.trim().split('\n')).toHaveLength(1);
  });
});

describe('TLS, mTLS and unix sockets', () => {
  let certificates: Certificates;
  beforeAll(() => (certificates = makeCertificates()));
  afterAll(() => certificates.remove());

  it('TLS on both ports', async () => {
    const app = await startProcess([APP], listen({ tls: certificates.server }));
    const ca = readFileSync(certificates.ca);
    expect(app.output()).toContain('https://127.0.0.1:');
    expect(await post({ port: portOf(app.output()), ca }, true)).toMatchObject({ status: 200 });
    expect(await health(app.grpcAddress, grpc.credentials.createSsl(ca))).toBe(1);
    expect(await app.stop()).toBe(0);
  });

  it('mTLS refuses who shows no certificate, and names who does', async () => {
    const app = await startProcess(
      [APP],
      listen({ tls: { ...certificates.server, ca: certificates.ca, requestCert: true } }),
    );
    const ca = readFileSync(certificates.ca);
    const { key, cert } = certificates.client;
    const answer = await post({ port: portOf(app.output()), ca, key, cert }, true);
    expect([answer.status, answer.headers['x-certificate']]).toEqual([200, expect.stringContaining('CN=test-client')]);
    await expect(post({ port: portOf(app.output()), ca }, true)).rejects.toThrow();
    expect(await health(app.grpcAddress, grpc.credentials.createSsl(ca, key, cert))).toBe(1);
    await expect(health(app.grpcAddress, grpc.credentials.createSsl(ca))).rejects.toThrow(/UNAVAILABLE/);
    expect(await app.stop()).toBe(0);
  });

  it('unix sockets', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'witan-sock-'));
    const [httpPath, grpcPath] = [join(folder, 'http'), join(folder, 'grpc')];
    const app = await startProcess([APP], listen({ http: httpPath, grpc: grpcPath }));
    expect(app.output()).toContain(`unix:${httpPath}`);
    expect(await post({ socketPath: httpPath }, false)).toMatchObject({ status: 200 });
    expect(await health(`unix:${grpcPath}`, grpc.credentials.createInsecure())).toBe(1);
    expect(await app.stop()).toBe(0);
    rmSync(folder, { recursive: true, force: true });
  });
});

describe('what stands where a unix socket is wanted', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'witan-sock-'))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is removed when it is the socket of a process that was killed', async () => {
    const [httpPath, grpcPath] = [join(folder, 'http'), join(folder, 'grpc')];
    const killed = await startProcess([APP], listen({ http: httpPath, grpc: grpcPath }));
    killed.signal('SIGKILL');
    expect(await killed.ended).toBe('SIGKILL');
    const app = await startProcess([APP], listen({ http: httpPath, grpc: grpcPath }));
    expect(await post({ socketPath: httpPath }, false)).toMatchObject({ status: 200 });
    expect(await health(`unix:${grpcPath}`, grpc.credentials.createInsecure())).toBe(1);
    expect(await app.stop()).toBe(0);
  });

  it.each(['http', 'grpc'])('is left alone when it is a file, and the boot refused: %s', async (protocol) => {
    const path = join(folder, `${protocol}.txt`);
    writeFileSync(path, 'precious');
    const { code, output } = await runToEnd([APP], listen({ [protocol]: path }));
    expect([code, output]).toEqual([1, expect.stringContaining(path)]);
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });
});

function portOf(output: string): number {
  return Number(/https:\/\/127\.0\.0\.1:(\d+)/.exec(output)![1]);
}
