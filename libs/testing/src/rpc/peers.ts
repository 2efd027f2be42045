import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import type { RpcCall, RpcTlsOptions } from '@witan/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Certificates, makeCertificates } from '../certificates.js';
import { RawConnection } from '../http2/raw-connection.js';
import { echoUnary, type RpcSuite, unary } from './suite.js';
import { path } from './stage.js';

const UNAVAILABLE = 14;

/** Who calls, over TLS and over unix sockets. */
export function peerContract({ stage }: RpcSuite): void {
  let certificates: Certificates;
  let folder: string;
  beforeAll(() => {
    certificates = makeCertificates();
    folder = mkdtempSync(join(tmpdir(), 'witan-rpc-'));
  });
  afterAll(() => {
    certificates.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const tlsOf = (more: Partial<RpcTlsOptions> = {}): RpcTlsOptions => ({
    key: readFileSync(certificates.server.key),
    cert: readFileSync(certificates.server.cert, 'utf8'),
    ...more,
  });
  const authority = (): Buffer => readFileSync(certificates.ca);
  const soon = (): { deadline: number } => ({ deadline: Date.now() + 5000 });

  async function peers(tls: RpcTlsOptions): Promise<RpcCall['peer'][]> {
    const seen: RpcCall['peer'][] = [];
    const look = unary((call) => (seen.push(call.peer), call.answer(Buffer.alloc(0))));
    await stage().serve({ Look: look, Echo: echoUnary }, { tls });
    return seen;
  }

  it('serves over TLS, large messages too', async () => {
    const seen = await peers(tlsOf());
    const caller = stage().grpc(credentials.createSsl(authority()));
    expect((await caller.unary(path('Look'))).code).toBe(0);
    expect(seen).toEqual([{ address: expect.stringMatching(/^127\.0\.0\.1:\d+$/), tls: true }]);
    const large = Buffer.alloc(3_000_000, 'tls');
    expect((await caller.unary(path('Echo'), large)).answer?.equals(large)).toBe(true);
  });

  it('knows those whom the authority signed, and refuses others', async () => {
    const seen = await peers(tlsOf({ ca: authority(), requireClientCertificate: true }));
    const { key, cert } = certificates.client;
    const known = stage().grpc(credentials.createSsl(authority(), key, cert));
    expect((await known.unary(path('Look'))).code).toBe(0);
    expect(seen).toEqual([expect.objectContaining({ tls: true, certificateSubject: 'CN=test-client' })]);
    const stranger = stage().grpc(credentials.createSsl(authority()));
    expect((await stranger.unary(path('Look'), Buffer.alloc(0), soon())).code).toBe(UNAVAILABLE);
    expect(seen.length).toBe(1);
  });

  it('speaks to nobody who does not speak TLS, or not HTTP/2', async () => {
    const seen = await peers(tlsOf());
    expect((await stage().grpc().unary(path('Look'), Buffer.alloc(0), soon())).code).toBe(UNAVAILABLE);
    const old = connectTls({
      host: '127.0.0.1',
      port: stage().server.address!.port,
      ca: authority(),
      ALPNProtocols: ['http/1.1'],
    });
    const answer: Buffer[] = [];
    old.on('error', () => undefined).on('data', (chunk: Buffer) => answer.push(chunk));
    old.write('POST /contract.Test/Look HTTP/1.1\r\nhost: x\r\n\r\n');
    await new Promise((resolve) => old.once('close', resolve));
    expect([Buffer.concat(answer).toString('latin1').includes('200 OK'), seen]).toEqual([false, []]);
  });

  it('takes other certificates while it runs', async () => {
    let change!: Parameters<NonNullable<RpcTlsOptions['onChange']>>[0];
    await peers(tlsOf({ onChange: (listener) => (change = listener) }));
    const other = makeCertificates();
    change({ key: readFileSync(other.server.key), cert: readFileSync(other.server.cert) });
    const port = stage().server.address!.port;
    const connection = await RawConnection.open({ port, tls: { ca: readFileSync(other.ca) } });
    expect((await connection.call(path('Echo'), Buffer.from('x'))).status).toBe(0);
    connection.destroy();
    other.remove();
  });

  it.each([
    ['a key that is none', { key: 'no key' }],
    ['an authority missing', { requireClientCertificate: true }],
  ])('is not made with %s', (_, more) => {
    expect(() => stage().made({ tls: tlsOf(more) })).toThrow(expect.objectContaining({ code: 'CORE_ERR_GRPC_OPTION' }));
  });

  it('serves on a unix socket', async () => {
    let peer: RpcCall['peer'] | undefined;
    const file = join(folder, 'rpc.sock');
    const look = unary((call) => ((peer = call.peer), call.answer(Buffer.alloc(0))));
    const server = await stage().serve({ Look: look }, { path: file });
    expect(server.address).toEqual({ text: `unix:${file}`, port: 0 });
    expect((await stage().grpc().unary(path('Look'))).code).toBe(0);
    expect(peer).toEqual({ address: `unix:${file}`, tls: false });
    await expect(stage().made({ path: file }).start()).rejects.toMatchObject({ code: 'CORE_ERR_GRPC_LISTEN' });
    expect(await server.drain(60_000)).toBe(true);
  });
}
