import { createServer, type Server, type Socket } from 'node:net';
import { rpcError } from '../rpc.errors.js';
import type { RpcBindOptions } from '../rpc-options.js';
import type { RpcAddress } from './rpc-server.js';
import { removeStaleSocket } from './stale-socket.js';

/** The listening socket and every connection that came through it, so that all can be ended. */
export class SocketListener {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private onEmpty: (() => void) | undefined;

  constructor(accept: (socket: Socket) => void) {
    this.server = createServer((socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.gone(socket));
      accept(socket);
    });
  }

  private gone(socket: Socket): void {
    this.sockets.delete(socket);
    if (this.sockets.size === 0) this.onEmpty?.();
  }

  /** @throws {CORE_ERR_GRPC_LISTEN} */
  async listen({ path, host = '0.0.0.0', port = 0 }: RpcBindOptions): Promise<RpcAddress> {
    if (path !== undefined) await removeStaleSocket(path);
    const name = host.includes(':') ? `[${host}]` : host;
    await this.bind(
      path === undefined ? { host, port } : { path },
      path === undefined ? `${name}:${port}` : `unix:${path}`,
    );
    const bound = this.server.address();
    if (bound === null || typeof bound === 'string') return { text: `unix:${path}`, port: 0 };
    return { text: `${name}:${bound.port}`, port: bound.port };
  }

  private bind(target: { host: string; port: number } | { path: string }, name: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const failed = (cause: NodeJS.ErrnoException): void => {
        reject(
          rpcError(
            'CORE_ERR_GRPC_LISTEN',
            `gRPC cannot listen on ${name}: ${reasonOf(cause)}; choose another with the grpc option`,
            { cause },
          ),
        );
      };
      this.server.once('error', failed);
      this.server.listen(target, () => {
        this.server.off('error', failed);
        resolve();
      });
    });
  }

  /** Accepts no more; resolves once the last connection is closed. */
  closed(): Promise<void> {
    this.server.close();
    if (this.sockets.size === 0) return Promise.resolve();
    return new Promise((resolve) => (this.onEmpty = resolve));
  }

  /** Ends every connection now. */
  destroy(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is in use',
  EACCES: 'this user may not',
  EADDRNOTAVAIL: 'this machine does not have the address',
  ENOTFOUND: 'the host name is not known',
};

function reasonOf(cause: NodeJS.ErrnoException): string {
  return REASONS[cause.code ?? ''] ?? cause.message;
}
