import type { AccessControl } from '../access/access-control.js';
import { guardedMethods } from '../access/rpc-access.js';
import type { Clock } from '../clock.js';
import { toWitanError } from '../errors/from-unknown.js';
import type { DynamicServices } from '../service/dynamic-services.js';
import type { ServiceDefinition, ServiceRuntime } from '../service/runtime.js';
import type { RpcContext } from './call/rpc-context.js';
import type { FramePorts } from './codec/frame-ports.js';
import { DynamicMethods } from './dynamic-methods.js';
import { GrpcHealth, HEALTH_SERVICE } from './health/grpc-health.js';
import { protoFiles } from './proto/service-file.js';
import type { ForeignPackages } from './reflection/reflected-packages.js';
import { reflectionServices } from './reflection/reflection.js';
import type { RpcServiceExtension } from '../lifecycle/transport-extensions.js';
import type { RpcBindOptions, RpcOptions } from './rpc-options.js';
import type { RpcAddress, RpcServer } from './server/rpc-server.js';
import { WatchedServer } from './server/watched-server.js';
import { ServiceMethods } from './service-methods.js';

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
  /** Services that come and go while it listens. @default none */
  readonly dynamic?: DynamicServices;
  /** Who may call. @default anyone */
  readonly access?: AccessControl;
  /** What speaks HTTP/2; its options are those of {@link options}. */
  readonly server: RpcServer;
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
  const { runtimes, options, extensions = [] } = parts;
  const server = new WatchedServer(parts.server, parts.clock);
  const definitions = runtimes.map((runtime) => runtime.definition);
  // Refuses what has no .proto before anything is bound.
  protoFiles(definitions);
  const health = parts.health ?? new GrpcHealth();
  const services = addServices(server, parts);
  addExtensions(server, parts);
  health.know([...services.map(({ service }) => service), ...extensions.map(({ service }) => service)]);
  server.addMethods(HEALTH_SERVICE, health.methods());
  if (options.reflection !== false) addReflection(server, definitions, parts);
  const dynamic = parts.dynamic && dynamicMethods(server, health, parts.dynamic, parts);
  return {
    server,
    health,
    listen: () => server.start(),
    setServing: (serving) => health.setServing(serving),
    drain(boundMs) {
      health.setServing(false);
      health.endWatches();
      for (const methods of services) methods.drain(STOPPING);
      for (const extension of extensions) extension.drain?.(STOPPING);
      dynamic?.drain(STOPPING);
      return server.drain(boundMs);
    },
    close() {
      dynamic?.close();
      server.close();
    },
  };
}

const STOPPING = 'the server is shutting down: open a new stream';

function addServices(server: RpcServer, parts: GrpcListenerParts): ServiceMethods[] {
  return parts.runtimes.map((runtime) => {
    const methods = methodsOf(runtime, parts);
    server.addMethods(methods.service, guardedMethods(parts.access, methods.eager()));
    return methods;
  });
}

function methodsOf(runtime: ServiceRuntime, { options, clock, logger, ports }: GrpcListenerParts): ServiceMethods {
  return new ServiceMethods(runtime, {
    options,
    clock,
    ports,
    report: (service, error, context) => logFailure(logger, service, error, context),
  });
}

function addExtensions(server: RpcServer, { extensions = [], access }: GrpcListenerParts): void {
  for (const { service, methods, access: accessOf } of extensions)
    server.addMethods(
      service,
      guardedMethods(access, methods, (method) => accessOf?.[method] ?? 'predict'),
    );
}

function addReflection(server: RpcServer, definitions: readonly ServiceDefinition[], parts: GrpcListenerParts): void {
  const { extensions = [], dynamic, foreignPackages } = parts;
  const services = reflectionServices({
    definitions: () => [...definitions, ...(dynamic?.list() ?? []).map(({ definition }) => definition)],
    written: extensions.flatMap(({ service, proto }) => (proto === undefined ? [] : [{ service, proto }])),
    foreign: foreignPackages,
    onChange: (changed) => void dynamic?.onChange(changed),
  });
  for (const { service, methods } of services) server.addMethods(service, methods);
}

function dynamicMethods(
  server: RpcServer,
  health: GrpcHealth,
  services: DynamicServices,
  parts: GrpcListenerParts,
): DynamicMethods {
  return new DynamicMethods({
    services,
    server,
    health,
    methodsOf: (runtime) => methodsOf(runtime, parts),
    guard: (methods) => guardedMethods(parts.access, methods),
    failed: (error) => parts.logger.error((error as Error).message, (error as Error).stack),
  });
}

/** What is not the caller's doing is logged with its stack, which the caller does not get. */
function logFailure(logger: ErrorLog, service: string, thrown: unknown, context: RpcContext | undefined): void {
  const error = toWitanError(thrown);
  if (error.category !== 'INTERNAL') return;
  const cause = error.cause instanceof Error ? error.cause : error;
  const by = context?.principal === undefined ? '' : ` by ${context.principal}`;
  logger.error(`${service} ${context?.requestId ?? ''}${by} ${error.code}: ${cause.message}`, cause.stack);
}
