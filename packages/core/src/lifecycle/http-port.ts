import type { Server, ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { removeStaleSocket } from '../rpc/server/stale-socket.js';
import { listenFailure, urlOf } from './addresses.js';
import type { Certificates } from './certificates.js';
import type { ListenTarget } from './listen-options.js';
import { TlsListener } from './tls-listener.js';

/** Idle keep-alive connections are closed in this rhythm while draining; each costs a walk over the open ones. */
const CLOSE_IDLE_MS = 25;
/**
 * Callers send their next request on a connection that they believe is kept. So when draining begins, answers say
 * `connection: close`, and connections that are idle just then are left open for this long.
 */
const IDLE_GRACE_MS = 250;

/** Node's own: the response that a socket waits for. */
type ServerSocket = Socket & { _httpMessage?: ServerResponse | null };

/** The HTTP side of an application: listening, draining. */
export class HttpPort {
  private tls: TlsListener | undefined;
  private readonly sockets = new Set<ServerSocket>();
  private listening = false;
  private draining = false;

  constructor(private readonly fastify: FastifyInstance) {
    this.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    this.server.prependListener('request', (_request, response: ServerResponse) => {
      if (this.draining) response.shouldKeepAlive = false;
    });
  }

  get connections(): number {
    return this.sockets.size;
  }

  private get server(): Server {
    return this.fastify.server as Server;
  }

  /** @throws {CORE_ERR_BOOT_LISTEN} */
  async listen(target: ListenTarget, host: string, tls: Certificates | undefined): Promise<string> {
    const where = typeof target === 'string' ? { path: target } : { port: target, host };
    let server: NetServer = this.server;
    try {
      if (typeof target === 'string') await removeStaleSocket(target);
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

  /**
   * Takes no new connections; gives once every request that is under way was answered. Idle connections are closed well
   * before `timeoutMs`.
   */
  async drain(timeoutMs: number): Promise<void> {
    if (!this.listening) return;
    this.draining = true;
    for (const { _httpMessage: response } of this.sockets) if (response) response.shouldKeepAlive = false;
    const idleFrom = performance.now() + Math.min(IDLE_GRACE_MS, timeoutMs / 4);
    const sweep = setInterval(() => {
      if (performance.now() >= idleFrom) this.server.closeIdleConnections();
    }, CLOSE_IDLE_MS);
    try {
      if (this.tls) await this.tls.close();
      // Not http's own close, which would end the idle connections at once.
      else await new Promise<void>((resolve) => NetServer.prototype.close.call(this.server, () => resolve()));
    } finally {
      clearInterval(sweep);
    }
  }

  destroy(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}
