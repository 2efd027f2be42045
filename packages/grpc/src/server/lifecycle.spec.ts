import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect as connectTcp, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { data, Flag, grpcMessage, makeCertificates, ManualClock, RawConnection } from '@witan-libs/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createGrpcServer } from './create-grpc-server.js';
import { ECHO, Serving } from './serving.spec.support.js';

let serving: Serving | undefined;
afterEach(() => serving?.stop());

/** Certificates as text: what is made are files. */
function loaded() {
  const made = makeCertificates();
  const text = (value: string | Buffer): string =>
    value.includes('-----') ? String(value) : readFileSync(value, 'utf8');
  const pair = ({ key, cert }: { key: string | Buffer; cert: string | Buffer }) => ({
    key: text(key),
    cert: text(cert),
  });
  return { ca: text(made.ca), server: pair(made.server), client: pair(made.client), remove: () => made.remove() };
}

const echo = (connection: RawConnection) => connection.call('/t.Echo/Unary', Buffer.from('m'));

describe('methods', () => {
  it('come and go while the server runs', async () => {
    serving = await Serving.start();
    const connection = await serving.connect();
    expect((await connection.call('/t.New/Unary', Buffer.alloc(0))).status).toBe(12);
    serving.server.addMethods('t.New', { Unary: ECHO['Unary']! });
    serving.server.addMethods('t.New', { Other: ECHO['Unary']! });
    expect((await connection.call('/t.New/Unary', Buffer.alloc(0))).status).toBe(0);
    expect(() => serving!.server.addMethods('t.New', { Other: ECHO['Unary']! })).toThrow(/two methods \/t.New\/Other/);
    serving.server.removeMethods('t.New');
    serving.server.removeMethods('t.Never');
    expect((await connection.call('/t.New/Unary', Buffer.alloc(0))).status).toBe(12);
    expect((await connection.call('/t.New/Other', Buffer.alloc(0))).status).toBe(12);
  });

  it('may be given as an option', async () => {
    const server = createGrpcServer({ host: '127.0.0.1', services: { 't.Echo': ECHO } });
    const { port } = await server.start();
    const connection = await RawConnection.open({ port, host: '127.0.0.1' });
    expect((await echo(connection)).status).toBe(0);
    connection.destroy();
    server.close();
  });
});

describe('where it listens', () => {
  it('is told once it does', async () => {
    const server = createGrpcServer({ host: '127.0.0.1' });
    expect(server.address).toBeUndefined();
    const address = await server.start();
    expect(address.text).toBe(`127.0.0.1:${address.port}`);
    expect(server.address).toEqual(address);
    server.close();
  });

  it('may be a unix socket, also one that a process left behind', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'grpc-'));
    const path = join(folder, 'socket');
    serving = await Serving.start({ path });
    expect(serving.server.address).toEqual({ text: `unix:${path}`, port: 0 });
    const connection = await serving.connect();
    connection.open('/t.Held/Stream');
    await serving.held.until(() => serving!.held.streams.length === 1);
    expect(serving.held.streams[0]!.peer).toEqual({ address: `unix:${path}`, tls: false });
    await expect(createGrpcServer({ path }).start()).rejects.toMatchObject({ code: 'GRPC_ERR_LISTEN' });
    serving.stop();
    rmSync(folder, { recursive: true });
  });

  it('is refused when it is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    await expect(createGrpcServer({ host: '127.0.0.1', port }).start()).rejects.toMatchObject({
      code: 'GRPC_ERR_LISTEN',
      category: 'UNAVAILABLE',
      message: `gRPC cannot listen on 127.0.0.1:${port}: the address is in use; choose another address`,
    });
    taken.close();
  });
});

describe('options', () => {
  it.each([
    [{ maxReceiveMessageBytes: 0 }, /maxReceiveMessageBytes is 0/],
    [{ requestTimeoutMs: 1.5 }, /requestTimeoutMs is 1.5/],
    [{ compression: { algorithm: 'snappy' as never } }, /snappy/],
    [{ tls: { key: 'a', cert: 'b' } }, /TLS options/],
    [{ tls: { key: 'a', cert: 'b', requireClientCertificate: true } }, /needs tls.ca/],
  ])('%j are refused', (options, text) => {
    expect(() => createGrpcServer(options)).toThrow(
      expect.objectContaining({ code: 'GRPC_ERR_OPTION', message: expect.stringMatching(text) }),
    );
  });
});

describe('drain', () => {
  it('is not held up by those who have connected and do not begin TLS', async () => {
    const { server: certificate, ca, remove } = loaded();
    remove();
    const clock = new ManualClock();
    serving = await Serving.start({ tls: certificate, clock });
    const silent = connectTcp(serving.port, '127.0.0.1');
    silent.on('error', () => undefined);
    const gone = once(silent, 'close');
    await once(silent, 'connect');
    // It was accepted after the silent one, and shuts itself as GOAWAY asks it to.
    const other = connectTls({ port: serving.port, host: '127.0.0.1', ca, ALPNProtocols: ['h2'] });
    other.on('error', () => undefined);
    await once(other, 'secureConnect');
    other.destroy();
    await once(other, 'close');
    const drained = serving.server.drain(60_000);
    clock.advance(1_000);
    expect(await drained).toBe(true);
    await gone;
  });

  it('lets calls end, takes no more, and closes', async () => {
    serving = await Serving.start();
    const idle = await serving.connect();
    await echo(idle);
    const busy = await serving.connect();
    const id = busy.open('/t.Held/Unary');
    busy.send(data(id, grpcMessage(Buffer.alloc(1)), Flag.END_STREAM));
    await serving.held.until(() => serving!.held.unary.length === 1);
    const drained = serving.server.drain(60_000);
    const again = serving.server.drain(60_000);
    await idle.closed();
    expect(idle.goaway).toMatchObject({ code: 0 });
    await busy.until(() => busy.goaway?.lastStream === id);
    await expect(serving.connect()).rejects.toThrow();
    serving.held.unary[0]!.call.answer(Buffer.from('done'));
    expect((await busy.over(id)).messages.map(String)).toEqual(['done']);
    expect(await drained).toBe(true);
    expect(await again).toBe(true);
  });

  it('takes calls that were under way when GOAWAY was sent', async () => {
    serving = await Serving.start();
    const connection = await serving.connect({ polite: false });
    await echo(connection);
    const drained = serving.server.drain(60_000);
    await connection.until(() => connection.goaway !== undefined);
    expect(connection.goaway).toMatchObject({ lastStream: 0x7fff_ffff });
    expect((await echo(connection)).status).toBe(0);
    connection.destroy();
    expect(await drained).toBe(true);
  });

  it('ends calls by force when its time is over', async () => {
    serving = await Serving.start();
    const connection = await serving.connect();
    connection.open('/t.Held/Stream');
    await serving.held.until(() => serving!.held.streams.length === 1);
    expect(await serving.server.drain(20)).toBe(false);
    expect(serving.held.cancelled).toEqual(['/t.Held/Stream']);
  });

  it('of a server without connections is done at once', async () => {
    serving = await Serving.start();
    expect(await serving.server.drain(60_000)).toBe(true);
    serving.server.close();
  });
});

describe('TLS', () => {
  let certificates: ReturnType<typeof loaded>;
  beforeAll(() => void (certificates = loaded()));
  afterAll(() => certificates.remove());

  it('serves calls of every size', async () => {
    const { ca, server } = certificates;
    serving = await Serving.start({ tls: server });
    const connection = await RawConnection.open({ port: serving.port, tls: { ca } });
    for (const size of [0, 10, 9000, 60_000]) {
      const id = connection.open('/t.Echo/Unary');
      const body = grpcMessage(Buffer.alloc(size, size));
      for (let at = 0; at < body.length; at += 16_384) {
        const end = Math.min(at + 16_384, body.length);
        connection.send(data(id, body.subarray(at, end), end === body.length ? Flag.END_STREAM : 0));
      }
      const stream = await connection.over(id);
      expect(stream.messages[0]!.equals(Buffer.alloc(size, size))).toBe(true);
    }
    connection.destroy();
  });

  it('asks for certificates, and tells whose they are', async () => {
    const { ca, server, client } = certificates;
    serving = await Serving.start({ tls: { ...server, ca, requireClientCertificate: true } });
    const known = await RawConnection.open({ port: serving.port, tls: { ca, ...client } });
    known.open('/t.Held/Stream');
    await serving.held.until(() => serving!.held.streams.length === 1);
    expect(serving.held.streams[0]!.peer).toEqual({
      address: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      tls: true,
      certificateSubject: 'CN=test-client',
    });
    known.destroy();
    const unknown = await RawConnection.open({ port: serving.port, tls: { ca } }).catch(() => undefined);
    await unknown?.closed();
  });

  it('has nothing to say to what is no TLS, or speaks no HTTP/2', async () => {
    const { ca, server } = certificates;
    serving = await Serving.start({ tls: server });
    const plain = await serving.connect();
    await plain.closed();
    expect(plain.frames).toEqual([]);
    for (const ALPNProtocols of [undefined, ['http/1.1']]) {
      const socket = connectTls({ port: serving.port, host: '127.0.0.1', ca, ALPNProtocols });
      let bytes = 0;
      socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
      socket.on('error', () => undefined);
      await new Promise((resolve) => socket.once('close', resolve));
      expect(bytes).toBe(0);
    }
    await expect(RawConnection.open({ port: serving.port, tls: { ca, maxVersion: 'TLSv1.1' } })).rejects.toThrow();
  });

  it('takes other certificates for new connections', async () => {
    const { ca, server } = certificates;
    const other = loaded();
    let change: ((tls: { key: string; cert: string }) => void) | undefined;
    serving = await Serving.start({ tls: { ...server, onChange: (listener) => (change = listener) } });
    const before = await RawConnection.open({ port: serving.port, tls: { ca } });
    change!(other.server);
    await expect(RawConnection.open({ port: serving.port, tls: { ca } })).rejects.toThrow();
    const after = await RawConnection.open({ port: serving.port, tls: { ca: other.ca } });
    expect([(await echo(before)).status, (await echo(after)).status]).toEqual([0, 0]);
    before.destroy();
    after.destroy();
    other.remove();
  });
});
