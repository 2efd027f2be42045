import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { BaseCall } from '../call/base-call.js';
import { Connection, type ConnectionHost } from '../http2/connection.js';
import { bind } from './bind.js';
import { type Clock, systemClock } from './clock.js';
import { ConnectionWatch } from './connection-watch.js';
import { Deadlines } from './deadlines.js';
import type { GrpcAddress, GrpcMethod, GrpcServer } from './grpc-server.js';
import { MethodTable } from './method-table.js';
import type { GrpcServerOptions } from './options.js';
import { type SettledOptions, settle } from './settled-options.js';
import { SharedReads } from './shared-reads.js';
import { tlsServerOptions, watchCertificates } from './tls-options.js';

/** A TLS handshake that has begun before the server drains may take so long. */
const LAST_HANDSHAKE_MS = 1000;

/** {@link GrpcServer} over sockets. */
export class SocketGrpcServer implements GrpcServer, ConnectionHost {
  address: GrpcAddress | undefined;
  readonly options: SettledOptions;
  readonly clock: Clock;
  readonly methods = new MethodTable();
  readonly unixPath: string | undefined;
  private readonly server: Server;
  private readonly tls: boolean;
  /** Sockets from the moment they are accepted; under TLS their handshake may still go on. */
  private readonly sockets = new Set<Socket>();
  private readonly connections = new Set<Connection>();
  private readonly deadlines: Deadlines;
  private readonly watch: ConnectionWatch;
  private readonly toFlush: Connection[] = [];
  private flushScheduled = false;
  private draining = false;
  private readonly whenEmpty: (() => void)[] = [];

  /** @throws {GRPC_ERR_OPTION} */
  constructor(private readonly bindOptions: GrpcServerOptions) {
    this.options = settle(bindOptions);
    this.clock = bindOptions.clock ?? systemClock;
    this.unixPath = bindOptions.path;
    this.deadlines = new Deadlines(this.clock);
    this.watch = new ConnectionWatch(this.options, this.clock, this.connections);
    const { tls } = bindOptions;
    this.tls = tls !== undefined;
    if (tls === undefined) {
      // Paused, so that no byte is read before it is settled who reads.
      this.server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => this.acceptPlain(socket));
    } else {
      const server = createTlsServer(tlsServerOptions(tls, this.options.handshakeTimeoutMs), (socket) =>
        this.acceptTls(socket),
      );
      watchCertificates(server, tls);
      server.on('connection', (socket: Socket) => void this.track(socket));
      this.server = server;
    }
  }

  addMethods(service: string, methods: Readonly<Record<string, GrpcMethod>>): void {
    this.methods.add(service, methods);
  }

  removeMethods(service: string): void {
    this.methods.remove(service);
  }

  async start(): Promise<GrpcAddress> {
    return (this.address = await bind(this.server, this.bindOptions));
  }

  /** False: there are too many. */
  private track(socket: Socket): boolean {
    if (this.sockets.size >= this.options.maxConnections) {
      socket.destroy();
      return false;
    }
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.sockets.delete(socket);
      if (this.sockets.size === 0) for (const resolve of this.whenEmpty.splice(0)) resolve();
    });
    return true;
  }

  private acceptPlain(accepted: Socket): void {
    const reads = SharedReads.of(accepted);
    const socket = reads?.socket ?? accepted;
    if (!this.track(socket)) return;
    const connection = this.accept(socket, reads !== undefined);
    if (reads !== undefined) reads.reader = connection;
    socket.resume();
  }

  private acceptTls(socket: Socket & { readonly alpnProtocol?: string | false | null }): void {
    socket.setNoDelay(true);
    if (socket.destroyed) return;
    if (socket.alpnProtocol === 'h2') this.accept(socket, false);
    else socket.destroy();
  }

  private accept(socket: Socket, sharedReads: boolean): Connection {
    // Finds peers that went without a word.
    socket.setKeepAlive(true, 60_000);
    const connection = new Connection(socket, this, this.tls, sharedReads);
    this.connections.add(connection);
    this.watch.start();
    if (this.draining) connection.goaway();
    return connection;
  }

  closed(connection: Connection): void {
    this.connections.delete(connection);
  }

  watchDeadline(call: BaseCall): void {
    this.deadlines.add(call);
  }

  flushSoon(connection: Connection): void {
    connection.flushPlanned = true;
    this.toFlush.push(connection);
    if (this.flushScheduled) return;
    this.flushScheduled = true;
    process.nextTick(this.flushAll);
  }

  private readonly flushAll = (): void => {
    this.flushScheduled = false;
    for (const connection of this.toFlush.splice(0)) {
      connection.flushPlanned = false;
      connection.flush();
    }
  };

  async drain(boundMs: number): Promise<boolean> {
    let forced = false;
    this.draining = true;
    const timer = this.clock.setTimer(() => {
      forced = true;
      this.destroyAll();
    }, boundMs);
    if (this.server.listening) this.server.close();
    for (const connection of this.connections) connection.goaway();
    const handshakes = this.clock.setTimer(() => this.endHandshakes(), Math.min(LAST_HANDSHAKE_MS, boundMs));
    await this.empty();
    timer.cancel();
    handshakes.cancel();
    this.watch.stop();
    return !forced;
  }

  /** Who has connected and says nothing more has no call that could be lost, and must not hold up the end. */
  private endHandshakes(): void {
    const open = new Set(Array.from(this.connections, ({ socket }) => otherEndOf(socket)));
    for (const socket of this.sockets) if (!open.has(otherEndOf(socket))) socket.destroy();
  }

  private empty(): Promise<void> {
    if (this.sockets.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.whenEmpty.push(resolve));
  }

  close(): void {
    if (this.server.listening) this.server.close();
    this.watch.stop();
    this.destroyAll();
  }

  private destroyAll(): void {
    for (const connection of this.connections) connection.destroy();
    for (const socket of this.sockets) socket.destroy();
  }
}

/** The same for a socket and for the TLS socket on top of it. */
const otherEndOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
