import type { GrpcServer } from './grpc-server.js';
import type { GrpcServerOptions } from './options.js';
import { SocketGrpcServer } from './socket-grpc-server.js';

/**
 * Makes a gRPC server; nothing is bound before `start`.
 * @throws {GRPC_ERR_OPTION}
 */
export function createGrpcServer(options: GrpcServerOptions = {}): GrpcServer {
  const server = new SocketGrpcServer(options);
  for (const [service, methods] of Object.entries(options.services ?? {})) server.addMethods(service, methods);
  return server;
}
