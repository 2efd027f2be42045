import { protoFiles } from '../rpc/proto/service-file.js';
import type { ServiceDefinition } from './runtime.js';
import { serviceError } from './service.errors.js';

/** Which service has which names in protobuf: packages are shared, and a message may stand in one only once. */
export class ProtoNames {
  private readonly owners = new Map<string, string>();
  private readonly byOwner = new Map<string, readonly string[]>();

  /**
   * Takes the names of a service, and lets go of those that it had before.
   * @throws {CORE_ERR_SERVICE_PATH} when another service has one of them; then nothing changes
   * @throws {CORE_ERR_PROTO_SCHEMA} when the service has no .proto
   */
  take(owner: string, definition: ServiceDefinition): void {
    const names = namesOf(definition);
    const taken = names.find((name) => this.owners.has(name) && this.owners.get(name) !== owner);
    if (taken !== undefined) {
      throw serviceError(
        'CORE_ERR_SERVICE_PATH',
        `${owner} and ${this.owners.get(taken)} both have '${taken}' in their .proto: give one another name or package`,
      );
    }
    this.release(owner);
    for (const name of names) this.owners.set(name, owner);
    this.byOwner.set(owner, names);
  }

  release(owner: string): void {
    for (const name of this.byOwner.get(owner) ?? []) this.owners.delete(name);
    this.byOwner.delete(owner);
  }
}

function namesOf(definition: ServiceDefinition): string[] {
  return protoFiles([definition]).flatMap(({ package: scope, messages, services }) =>
    [...services, ...messages].map(({ name }) => `${scope}.${name}`),
  );
}
