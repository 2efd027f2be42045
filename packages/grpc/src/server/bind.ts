import type { Server } from 'node:net';
import { GrpcError } from './grpc-error.js';
import type { GrpcAddress } from './grpc-server.js';
import type { GrpcBindOptions } from './options.js';
import { removeStaleSocket } from './stale-socket.js';

/** @throws {GRPC_ERR_LISTEN} */
export async function bind(
  server: Server,
  { path, host = '0.0.0.0', port = 0 }: GrpcBindOptions,
): Promise<GrpcAddress> {
  if (path !== undefined) await removeStaleSocket(path);
  const name = host.includes(':') ? `[${host}]` : host;
  const target = path === undefined ? { host, port } : { path };
  await listen(server, target, path === undefined ? `${name}:${port}` : `unix:${path}`);
  const bound = server.address();
  if (bound === null || typeof bound === 'string') return { text: `unix:${path}`, port: 0 };
  return { text: `${name}:${bound.port}`, port: bound.port };
}

function listen(
  server: Server,
  target: { host: string; port: number } | { path: string },
  name: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException): void => {
      const text = `gRPC cannot listen on ${name}: ${reasonOf(cause)}; choose another address`;
      reject(new GrpcError('GRPC_ERR_LISTEN', text, { cause }));
    };
    server.once('error', failed);
    server.listen({ ...target, backlog: 1024 }, () => {
      server.off('error', failed);
      // Too many open files, and the like: the next connection may succeed.
      server.on('error', () => undefined);
      resolve();
    });
  });
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
