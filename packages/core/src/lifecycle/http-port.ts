import type { Server } from 'node:http';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { listenFailure, urlOf } from './addresses.js';
import type { ListenTarget, TlsOptions } from './listen-options.js';
import { TlsListener } from './tls-listener.js';

/** Idle keep-alive connections are closed in this rhythm while draining; each costs a walk over the open ones. */
const CLOSE_IDLE_MS = 25;

/** The HTTP side of an application: listening, draining. */
export class HttpPort {
  private tls: TlsListener | undefined;
  private readonly sockets = new Set<Socket>();
  private listening = false;

  constructor(private readonly fastify: FastifyInstance) {
    this.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  get connections(): number {
    return this.sockets.size;
  }

  private get server(): Server {
    return this.fastify.server as Server;
  }

  /** @throws {CORE_ERR_BOOT_LISTEN} */
  async listen(target: ListenTarget, host: string, tls: TlsOptions | undefined): Promise<string> {
    const where = typeof target === 'string' ? { path: target } : { port: target, host };
    let server: NetServer = this.server;
    try {
      if (tls) {
        this.tls = new TlsListener(this.server, tls);
        server = await this.tls.listen(where);
      } else {
        await this.fastify.listen(where);
      }
    } catch (error) {
      throw listenFailure('HTTP', target, error);
    }
    this.listening = true;
    return urlOf(tls ? 'https' : 'http', server.address() as AddressInfo | string, host);
  }

  /** Takes no new connections; gives once every request that is under way was answered. */
  async drain(): Promise<void> {
    if (!this.listening) return;
    const sweep = setInterval(() => this.server.closeIdleConnections(), CLOSE_IDLE_MS);
    try {
      if (this.tls) await this.tls.close();
      else await new Promise<void>((resolve) => this.server.close(() => resolve()));
    } finally {
      clearInterval(sweep);
    }
  }

  destroy(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}
