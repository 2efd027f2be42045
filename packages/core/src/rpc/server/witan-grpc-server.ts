import { createGrpcServer, type GrpcServer, type GrpcServerOptions } from '@witan/grpc';
import type { Clock } from '../../clock.js';
import type { RpcBindOptions, RpcOptions } from '../rpc-options.js';
import { rpcError } from '../rpc.errors.js';
import type { RpcAddress, RpcMethod, RpcServer } from './rpc-server.js';
import { publishRpcRefusal } from './watched-server.js';
import { coreErrorOf } from './server-errors.js';

/** {@link RpcServer} over `@witan/grpc`: its calls have the seam's shape and go to the methods as they are. */
export class WitanGrpcServer implements RpcServer {
  private readonly server: GrpcServer;

  /** @throws {CORE_ERR_GRPC_OPTION} */
  constructor(options: RpcOptions & RpcBindOptions, clock: Clock) {
    this.server = translated(() => createGrpcServer(serverOptions(options, clock)));
  }

  get address(): RpcAddress | undefined {
    return this.server.address;
  }

  addMethods(service: string, methods: Readonly<Record<string, RpcMethod>>): void {
    try {
      this.server.addMethods(service, methods);
    } catch (cause) {
      const text = `two gRPC services are named ${service}: give one of them another package or name`;
      throw rpcError('CORE_ERR_GRPC_OPTION', text, { cause });
    }
  }

  removeMethods(service: string): void {
    this.server.removeMethods(service);
  }

  async start(): Promise<RpcAddress> {
    try {
      return await this.server.start();
    } catch (error) {
      throw coreErrorOf(error);
    }
  }

  drain(boundMs: number): Promise<boolean> {
    return this.server.drain(boundMs);
  }

  close(): void {
    this.server.close();
  }
}

/** What core's own options mean to the server; the rest are core's. */
function serverOptions(options: RpcOptions & RpcBindOptions, clock: Clock): GrpcServerOptions {
  const { host, port, path, tls, maxReceiveMessageBytes, requestTimeoutMs, maxConcurrentStreams } = options;
  const { compression, keepaliveTimeMs, keepaliveTimeoutMs } = options;
  const { maxConnectionAgeMs, maxConnectionAgeGraceMs, maxConnectionIdleMs } = options;
  return {
    clock,
    onRefused: (path, code) => publishRpcRefusal(clock, path, code),
    host,
    port,
    path,
    tls,
    maxReceiveMessageBytes,
    requestTimeoutMs,
    maxConcurrentStreams,
    compression,
    keepaliveTimeMs,
    keepaliveTimeoutMs,
    maxConnectionAgeMs,
    maxConnectionAgeGraceMs,
    maxConnectionIdleMs,
  };
}

function translated<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw coreErrorOf(error);
  }
}
