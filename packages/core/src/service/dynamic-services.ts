import { Injectable } from '@nestjs/common';
import type { ServiceRuntime } from './runtime.js';

/**
 * Services that come and go while the application runs: a model's, made from its signature. Over HTTP they live below
 * one path (`dynamic` in the HTTP options, by default `/predictions`); over gRPC each is a service of its own. Reflection, OpenAPI and the
 * .proto show what is there at the moment.
 */
@Injectable()
export class DynamicServices {
  private readonly byPath = new Map<string, ServiceRuntime>();
  private readonly listeners = new Set<(path: string) => void>();

  /** Adds a service, or replaces the one at its path: requests that have begun end on the old one. */
  set(runtime: ServiceRuntime): void {
    this.byPath.set(runtime.definition.path, runtime);
    this.changed(runtime.definition.path);
  }

  delete(path: string): void {
    if (this.byPath.delete(path)) this.changed(path);
  }

  get(path: string): ServiceRuntime | undefined {
    return this.byPath.get(path);
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
}
