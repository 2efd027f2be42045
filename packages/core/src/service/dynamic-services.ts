import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../clock.js';
import { WITAN_OPTIONS } from '../lifecycle/witan.module-definition.js';
import type { WitanOptions } from '../lifecycle/witan-options.js';
import { CLOCK } from '../lifecycle/witan.tokens.js';
import { ProtoNames } from './proto-names.js';
import type { ServiceRuntime } from './runtime.js';
import { ServiceExplorer } from './service-explorer.js';
import { serviceError } from './service.errors.js';
import { TracedRuntime } from './traced-runtime.js';

export const DEFAULT_DYNAMIC_PATH = 'predictions';

/**
 * Services that come and go while the application runs: a model's, made from its signature. Over HTTP they live below
 * one path (`dynamic` in the HTTP options, by default `/predictions`); over gRPC each is a service of its own.
 * Reflection, OpenAPI and the .proto show what is there at the moment. Nest's guards do not apply; `access` does.
 */
@Injectable()
export class DynamicServices {
  private readonly byPath = new Map<string, ServiceRuntime>();
  private readonly listeners = new Set<(path: string) => void>();
  private readonly base: string;
  private protoNames: ProtoNames | undefined;
  private wanted = false;
  private resolver: ((path: string) => Promise<void> | undefined) | undefined;

  constructor(
    @Inject(ServiceExplorer) private readonly explorer: Pick<ServiceExplorer, 'services'>,
    @Inject(WITAN_OPTIONS) { http }: WitanOptions,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.base = (http?.dynamic ?? DEFAULT_DYNAMIC_PATH).replace(/^\/+|\/+$/g, '');
  }

  /**
   * Says that this application has such services; without it, their path is not served. Call it before the application
   * has started, in `onModuleInit` at the latest.
   */
  enable(): void {
    this.wanted = true;
  }

  get enabled(): boolean {
    return this.wanted;
  }

  /** The path of all of them, as a pattern for the router: `predictions/*`. */
  get pattern(): string {
    return this.base === '' ? '*' : `${this.base}/*`;
  }

  /**
   * Adds a service, or replaces the one at its path: requests that have begun end on the old one. `definition.path` is
   * below the common path: `iris` is served at `/predictions/iris`. It may have query parameters, but none in its path.
   * @throws {CORE_ERR_SERVICE_PATH} when it cannot be there, or another service has its gRPC name or message names
   * @throws {CORE_ERR_PROTO_SCHEMA} when it has no .proto
   */
  set(runtime: ServiceRuntime): void {
    const path = bare(runtime.definition.path);
    if (path === '' || path.includes(':') || path.includes('*')) {
      throw serviceError(
        'CORE_ERR_SERVICE_PATH',
        `'${runtime.definition.path}' cannot be the path of a service that comes and goes: write it without parameters`,
      );
    }
    const full = { ...runtime.definition, path: this.base === '' ? path : `${this.base}/${path}` };
    this.names.take(full.path, full);
    const invoke: ServiceRuntime['invoke'] = (context, read) => runtime.invoke(context, read);
    this.byPath.set(path, new TracedRuntime({ definition: full, invoke }, this.clock));
    this.changed(path);
  }

  delete(path: string): void {
    const known = bare(path);
    const runtime = this.byPath.get(known);
    if (!runtime) return;
    this.byPath.delete(known);
    this.names.release(runtime.definition.path);
    this.changed(known);
  }

  /** The service at a path below the common one, as it is served: its definition has the whole path. */
  get(path: string): ServiceRuntime | undefined {
    return this.byPath.get(path);
  }

  /**
   * Who is asked, over HTTP, for a path that has no service yet: `undefined` when it never will, else a promise that
   * ends when it has been made, or rejects with what the caller is told.
   */
  resolveWith(resolver: (path: string) => Promise<void> | undefined): void {
    this.resolver = resolver;
  }

  /** Lets a service that does not exist yet be made; `undefined`: nobody makes it. See {@link resolveWith}. */
  resolve(path: string): Promise<void> | undefined {
    return this.resolver?.(path);
  }

  /** Of all services, below the common path. */
  paths(): readonly string[] {
    return [...this.byPath.keys()];
  }

  list(): readonly ServiceRuntime[] {
    return [...this.byPath.values()];
  }

  /** Calls `listener` with the path of every service that is added, replaced or taken away; gives back how to stop. */
  onChange(listener: (path: string) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  private changed(path: string): void {
    for (const listener of this.listeners) listener(path);
  }

  /** The application's own services are known once Nest has made its providers. */
  private get names(): ProtoNames {
    if (this.protoNames) return this.protoNames;
    const names = new ProtoNames();
    for (const { definition } of this.explorer.services()) names.take(`@Service ${definition.name}`, definition);
    return (this.protoNames = names);
  }
}

function bare(path: string): string {
  return path.replace(/^\/+|\/+$/g, '');
}
