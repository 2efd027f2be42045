import type { PackageDefinition } from '@grpc/proto-loader';
import { inOrder, type MessageBuffer } from './message-buffer.js';
import { rpcError } from '../rpc.errors.js';
import { createGrpcListener, type GrpcListener, type GrpcListenerParts } from '../grpc-listener.js';
import { createRpcServer } from '../server/create-rpc-server.js';
import type { RpcAddress } from '../server/rpc-server.js';

/** Nest's own gRPC options of the users' `@GrpcMethod` controllers; Witan's services need none. */
export interface GrpcControllerOptions {
  /** The .proto package or packages, as Nest's `package`. */
  readonly package: string | readonly string[];
  /** The .proto file or files; or {@link packageDefinition}. */
  readonly protoPath?: string | readonly string[];
  readonly packageDefinition?: PackageDefinition;
  /** Options of `@grpc/proto-loader`. */
  readonly loader?: object;
}

export interface GrpcStrategyParts extends Omit<GrpcListenerParts, 'runtimes' | 'extensions' | 'server'> {
  /** Asked when the strategy listens: services are known once the application is initialised. */
  readonly runtimes: () => GrpcListenerParts['runtimes'];
  /** Asked then too. @default none */
  readonly extensions?: () => GrpcListenerParts['extensions'];
  readonly controllers?: GrpcControllerOptions;
  /** How long calls may go on when the application closes. @default 10_000 */
  readonly drainMs?: number;
}

const DEFAULT_DRAIN_MS = 10_000;

/**
 * Witan's gRPC listener as a transport of `@nestjs/microservices`: its services and the users' `@GrpcMethod` and
 * `@GrpcStreamMethod` controllers on one port. The class is the injection token; {@link createGrpcStrategy} makes the
 * object.
 * @example
 * app.connectMicroservice({ strategy: app.get(WitanGrpcStrategy) }, { inheritAppConfig: true });
 */
export abstract class WitanGrpcStrategy {
  /** Where it listens; `undefined` before. */
  abstract readonly address: RpcAddress | undefined;
  /** The listener behind it; `undefined` before it listens. */
  abstract readonly listener: GrpcListener | undefined;
  abstract listen(callback: (error?: unknown) => void): void | Promise<void>;
  abstract close(): void | Promise<void>;
}

/**
 * Makes the strategy. Loads the optional peer `@nestjs/microservices`.
 * @throws {CORE_ERR_GRPC_OPTION} when it is not installed
 */
export async function createGrpcStrategy(parts: GrpcStrategyParts): Promise<WitanGrpcStrategy> {
  const { ServerGrpc } = await microservices();
  const { loadSync } = await import('@grpc/proto-loader');
  const { GrpcJsFacade } = await import('../server/grpc-js-facade.js');
  const { controllers, drainMs = DEFAULT_DRAIN_MS } = parts;

  class Strategy extends ServerGrpc implements WitanGrpcStrategy {
    listener: GrpcListener | undefined;

    constructor() {
      super({ url: 'witan', ...controllers } as ConstructorParameters<typeof ServerGrpc>[0]);
    }

    get address(): RpcAddress | undefined {
      return this.listener?.server.address;
    }

    override async listen(callback: (error?: unknown) => void): Promise<void> {
      try {
        this.listener = createGrpcListener({
          ...parts,
          server: await createRpcServer(parts.options, parts.clock),
          runtimes: parts.runtimes(),
          extensions: parts.extensions?.(),
          foreignPackages: () => this.packages,
        });
        this.grpcClient = new GrpcJsFacade(this.listener.server);
        if (controllers) await this.bindEvents();
        await this.listener.listen();
        callback();
      } catch (error) {
        callback(error);
      }
    }

    /** What reflection shows of the controllers. */
    private packages: PackageDefinition[] = [];

    override loadProto(): unknown {
      const { packageDefinition, protoPath, loader } = controllers!;
      this.packages = [packageDefinition ?? loadSync(protoPath as string | string[], loader)];
      return super.loadProto();
    }

    override async close(): Promise<void> {
      await this.listener?.drain(drainMs);
    }
  }
  return ordered(new Strategy()) as unknown as WitanGrpcStrategy;
}

/** The method is private in Nest's types. */
function ordered<S extends object>(strategy: S): S {
  const nest = strategy as unknown as { bufferUntilDrained(): MessageBuffer };
  const bufferUntilDrained = nest.bufferUntilDrained.bind(strategy);
  nest.bufferUntilDrained = () => inOrder(bufferUntilDrained());
  return strategy;
}

async function microservices(): Promise<typeof import('@nestjs/microservices')> {
  try {
    return await import('@nestjs/microservices');
  } catch (cause) {
    throw rpcError(
      'CORE_ERR_GRPC_OPTION',
      'gRPC controllers need @nestjs/microservices: npm install @nestjs/microservices',
      { cause },
    );
  }
}
