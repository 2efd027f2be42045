import type { DynamicServices } from '../service/dynamic-services.js';
import type { ServiceRuntime } from '../service/runtime.js';
import type { GrpcHealth } from './health/grpc-health.js';
import type { RpcMethod, RpcServer } from './server/rpc-server.js';
import type { ServiceMethods } from './service-methods.js';

export interface DynamicParts {
  readonly services: DynamicServices;
  readonly server: Pick<RpcServer, 'addMethods' | 'removeMethods'>;
  readonly health: GrpcHealth;
  methodsOf(runtime: ServiceRuntime): ServiceMethods;
  guard(methods: Readonly<Record<string, RpcMethod>>): Readonly<Record<string, RpcMethod>>;
  /** A service that cannot be served, because a name is taken. */
  failed(error: unknown): void;
}

const GONE = 'the service was taken away: list the services and open a new stream';

/** Keeps a gRPC server's methods as the services that come and go are. */
export class DynamicMethods {
  private readonly served = new Map<string, ServiceMethods>();
  /** Replaced, or taken away, with streams that are still open. */
  private readonly retired = new Set<ServiceMethods>();
  private readonly stop: () => void;

  /** @throws {CORE_ERR_GRPC_OPTION} when one of those that are there already has a name that is taken */
  constructor(private readonly parts: DynamicParts) {
    for (const path of parts.services.paths()) this.update(path);
    this.stop = parts.services.onChange((path) => {
      try {
        this.update(path);
      } catch (error) {
        parts.failed(error);
      }
    });
  }

  drain(reason: string): void {
    this.stop();
    for (const methods of [...this.served.values(), ...this.retired]) methods.drain(reason);
  }

  close(): void {
    this.stop();
  }

  private update(path: string): void {
    const { services, server, health, guard } = this.parts;
    const old = this.served.get(path);
    const runtime = services.get(path);
    const now = runtime && this.parts.methodsOf(runtime);
    if (old) {
      server.removeMethods(old.service);
      this.served.delete(path);
      this.retire(old, now !== undefined);
    }
    if (now) {
      server.addMethods(now.service, guard(now.lazy()));
      this.served.set(path, now);
      health.know([now.service]);
    }
    if (old && old.service !== now?.service) health.forget(old.service);
  }

  /** Streams of a service that was replaced end on the old one; those of one that is gone are told to end. */
  private retire(old: ServiceMethods, isReplaced: boolean): void {
    if (!isReplaced) old.drain(GONE);
    for (const methods of this.retired) if (methods.isIdle) this.retired.delete(methods);
    if (!old.isIdle) this.retired.add(old);
  }
}
