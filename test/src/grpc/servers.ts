import {
  createRpcServer,
  type RpcBindOptions,
  type RpcMethod,
  type RpcOptions,
  type RpcServer,
  type RpcServerKind,
  systemClock,
} from '@witan/core';

/** Every server that can stand behind core's seam. */
export const SERVER_KINDS: readonly RpcServerKind[] = ['grpc-js', 'witan'];

/** A server on a free port of 127.0.0.1. */
export async function startServer(
  kind: RpcServerKind,
  services: Readonly<Record<string, Readonly<Record<string, RpcMethod>>>>,
  options: RpcOptions & RpcBindOptions = {},
): Promise<RpcServer> {
  const server = await createRpcServer({ host: '127.0.0.1', server: kind, ...options }, systemClock);
  for (const [service, methods] of Object.entries(services)) server.addMethods(service, methods);
  await server.start();
  return server;
}
