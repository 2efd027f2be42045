import type { AccessControl } from '../access/access-control.js';
import { guardedMethods } from '../access/rpc-access.js';
import type { Clock } from '../clock.js';
import { toWitanError } from '../errors/from-unknown.js';
import type { ServiceRuntime } from '../service/runtime.js';
import type { RpcContext } from './call/rpc-context.js';
import { StreamMethod, DEFAULT_STREAM_WINDOW } from './call/stream-method.js';
import { UnaryMethod } from './call/unary-method.js';
import { DEFAULT_CODEC_LIMITS, type FramePorts } from './codec/frame-ports.js';
import { ServiceCodec } from './codec/service-codec.js';
import { frameCodecs } from './frame-codecs.js';
import { GrpcHealth, HEALTH_SERVICE } from './health/grpc-health.js';
import { protoFiles } from './proto/service-file.js';
import { type ForeignPackages, reflectionServices } from './reflection/reflection.js';
import { GrpcJsServer } from './server/grpc-js-server.js';
import type { RpcServiceExtension } from '../lifecycle/transport-extensions.js';
import type { RpcBindOptions, RpcOptions } from './rpc-options.js';
import type { RpcAddress, RpcServer } from './server/rpc-server.js';

/** The part of Nest's logger that is needed. */
export interface ErrorLog {
  error(message: string, stack?: string): void;
}

export interface GrpcListenerParts {
  readonly runtimes: readonly ServiceRuntime[];
  readonly options: RpcOptions & RpcBindOptions;
  readonly clock: Clock;
  readonly logger: ErrorLog;
  /** @default a new one, not serving until {@link GrpcListener.setServing} says so */
  readonly health?: GrpcHealth;
  /** What reflection shows beside Witan's services. */
  readonly foreignPackages?: ForeignPackages;
  /** Services of protocols beside Witan's own. @default none */
  readonly extensions?: readonly RpcServiceExtension[];
  /** Who may call. @default anyone */
  readonly access?: AccessControl;
  /** Another server behind the same seam. @default grpc-js */
  readonly server?: RpcServer;
  /** For tests of the codec alone. @internal */
  readonly ports?: FramePorts;
}

/** Witan's services on one gRPC port, with health and reflection beside them. */
export interface GrpcListener {
  readonly server: RpcServer;
  readonly health: GrpcHealth;
  /** Binds the port. Health stays NOT_SERVING until {@link setServing}. */
  listen(): Promise<RpcAddress>;
  /** What health checks hear, for every service and for the server as a whole. */
  setServing(serving: boolean): void;
  /** Health off, no more calls, at most `boundMs` for those under way. True: none was ended by force. */
  drain(boundMs: number): Promise<boolean>;
  /** Ends everything now. */
  close(): void;
}

/**
 * Makes the gRPC listener of an application; nothing is bound yet.
 * @throws {CORE_ERR_PROTO_SCHEMA} when a service has no .proto
 * @throws {CORE_ERR_GRPC_OPTION}
 */
export function createGrpcListener(parts: GrpcListenerParts): GrpcListener {
  const { runtimes, options, clock, extensions = [] } = parts;
  const definitions = runtimes.map((runtime) => runtime.definition);
  // Refuses what has no .proto before anything is bound.
  protoFiles(definitions);
  const server = parts.server ?? new GrpcJsServer(options, clock);
  const health = parts.health ?? new GrpcHealth();
  const streams = runtimes.map((runtime) => addService(server, runtime, parts));
  for (const { service, methods, access } of extensions)
    server.addMethods(
      service,
      guardedMethods(parts.access, methods, (method) => access?.[method] ?? 'predict'),
    );
  health.know([...definitions.map(serviceName), ...extensions.map(({ service }) => service)]);
  server.addMethods(HEALTH_SERVICE, health.methods());
  if (options.reflection !== false) {
    for (const { service, methods } of reflectionServices(
      definitions,
      extensions.flatMap(({ proto }) => proto ?? []),
      parts.foreignPackages,
    ))
      server.addMethods(service, methods);
  }
  return {
    server,
    health,
    listen: () => server.start(),
    setServing: (serving) => health.setServing(serving),
    drain(boundMs) {
      health.setServing(false);
      health.endWatches();
      for (const stream of streams) stream.drain();
      return server.drain(boundMs);
    },
    close: () => server.close(),
  };
}

function serviceName({ protoPackage, protoService }: { protoPackage: string; protoService: string }): string {
  return `${protoPackage}.${protoService}`;
}

function addService(
  server: RpcServer,
  runtime: ServiceRuntime,
  { options, clock, logger, ports, access }: GrpcListenerParts,
): StreamMethod {
  const { definition } = runtime;
  const codec = new ServiceCodec(definition, ports ?? frameCodecs, {
    maxRows: options.maxRows ?? DEFAULT_CODEC_LIMITS.maxRows,
    maxDecodedBytes: options.maxDecodedBytes ?? DEFAULT_CODEC_LIMITS.maxDecodedBytes,
  });
  const rpc = { path: definition.path, codec, clock, parseParams: definition.parseParams };
  const report = (error: unknown, context: RpcContext | undefined): void =>
    logFailure(logger, definition.name, error, context);
  const stream = new StreamMethod(runtime, rpc, options.streamWindow ?? DEFAULT_STREAM_WINDOW, report);
  const methods = { Predict: new UnaryMethod(runtime, rpc, report), PredictStream: stream };
  server.addMethods(serviceName(definition), guardedMethods(access, methods));
  return stream;
}

/** What is not the caller's doing is logged with its stack, which the caller does not get. */
function logFailure(logger: ErrorLog, service: string, thrown: unknown, context: RpcContext | undefined): void {
  const error = toWitanError(thrown);
  if (error.category !== 'INTERNAL') return;
  const cause = error.cause instanceof Error ? error.cause : error;
  const by = context?.principal === undefined ? '' : ` by ${context.principal}`;
  logger.error(`${service} ${context?.requestId ?? ''}${by} ${error.code}: ${cause.message}`, cause.stack);
}
