import type { PackageDefinition } from '@grpc/proto-loader';
import type { ServiceDefinition } from '../../service/runtime.js';
import { type ProtoJson, protoDescriptorOf, structDescriptor } from '../proto/proto-descriptor.js';
import type { DescriptorFile } from './descriptor-files.js';
import { HEALTH_DESCRIPTOR } from './health-descriptor.js';
import { jsonOfProto } from './proto-text.js';

/** Package definitions of services that are not Witan's, known only once the server runs. */
export type ForeignPackages = () => readonly PackageDefinition[];

/** What reflection shows. */
export interface ReflectionSources {
  /** Asked anew after every change. */
  definitions(): readonly ServiceDefinition[];
  /** Services that bring a .proto text. */
  readonly written?: readonly { readonly service: string; readonly proto: string }[];
  readonly foreign?: ForeignPackages;
  /** Calls `changed` when {@link definitions} gives something else. */
  onChange?(changed: () => void): void;
}

/** One protobuf package, or several that are described together. Its files are made when first asked for. */
interface Described {
  readonly packages: readonly string[];
  readonly services: readonly string[];
  readonly definitions?: readonly ServiceDefinition[];
  files(): Promise<readonly DescriptorFile[]>;
}

/**
 * The protobuf packages of a server. Of a thousand services only those are described that somebody asks about, and a
 * service that comes or goes costs the others nothing.
 */
export class ReflectedPackages {
  private all: readonly Described[] | undefined;
  private readonly byPackage = new Map<string, Described[]>();
  private readonly own = new Map<string, Described>();
  private fixed: readonly Described[] | undefined;

  constructor(private readonly sources: ReflectionSources) {
    sources.onChange?.(() => (this.all = undefined));
  }

  services(): string[] {
    return [...new Set(this.index().flatMap(({ services }) => services))];
  }

  /** The file that has a symbol, and those that go with it; `undefined`: there is none. */
  async withSymbol(symbol: string): Promise<readonly DescriptorFile[] | undefined> {
    this.index();
    for (let scope = symbol; scope !== ''; scope = scope.slice(0, Math.max(0, scope.lastIndexOf('.')))) {
      for (const described of this.byPackage.get(scope) ?? []) {
        const files = await described.files();
        const found = files.find(({ symbols }) => symbols.includes(symbol));
        if (found) return [found, ...files.filter((file) => file !== found)];
      }
    }
    return undefined;
  }

  async withName(name: string): Promise<readonly DescriptorFile[] | undefined> {
    // protobufjs names a file by its package.
    const inOrder = this.index().toSorted((a, b) => Number(isNamedBy(b, name)) - Number(isNamedBy(a, name)));
    for (const described of inOrder) {
      if (!isNamedBy(described, name) && described.definitions) continue;
      const found = (await described.files()).find((file) => file.name === name);
      if (found) return [found];
    }
    return undefined;
  }

  private index(): readonly Described[] {
    if (this.all) return this.all;
    this.fixed ??= this.describeFixed();
    this.all = [...this.describeOwn(), ...this.fixed];
    this.byPackage.clear();
    for (const described of this.all)
      for (const name of described.packages) this.byPackage.set(name, [...(this.byPackage.get(name) ?? []), described]);
    return this.all;
  }

  /** By package; one whose services are the same as before keeps its files. */
  private describeOwn(): readonly Described[] {
    const groups = groupedByPackage(this.sources.definitions());
    for (const name of this.own.keys()) if (!groups.has(name)) this.own.delete(name);
    for (const [name, definitions] of groups) {
      const known = this.own.get(name)?.definitions;
      const isSame = known?.length === definitions.length && definitions.every((one, i) => one === known[i]);
      if (!isSame) this.own.set(name, ownPackage(name, definitions));
    }
    return [...this.own.values()];
  }

  private describeFixed(): readonly Described[] {
    const { written = [], foreign = () => [] } = this.sources;
    return [
      ...written.map(writtenPackage),
      ...foreign().map(foreignPackage),
      described(['grpc.health.v1'], ['grpc.health.v1.Health'], () => HEALTH_DESCRIPTOR),
      described(['google.protobuf'], [], structDescriptor),
    ];
  }
}

function groupedByPackage(definitions: readonly ServiceDefinition[]): Map<string, ServiceDefinition[]> {
  const groups = new Map<string, ServiceDefinition[]>();
  for (const definition of definitions) {
    const group = groups.get(definition.protoPackage);
    if (group) group.push(definition);
    else groups.set(definition.protoPackage, [definition]);
  }
  return groups;
}

function ownPackage(name: string, definitions: readonly ServiceDefinition[]): Described {
  const services = definitions.map(({ protoService }) => `${name}.${protoService}`);
  return { ...described([name], services, () => protoDescriptorOf(definitions)), definitions };
}

function writtenPackage({ service, proto }: { service: string; proto: string }): Described {
  return described([packageOf(service)], [service], () => jsonOfProto(proto));
}

function foreignPackage(definition: PackageDefinition): Described {
  const names = Object.keys(definition);
  const services = names.filter((name) => !('format' in definition[name]!));
  const packages = [...new Set(names.map(packageOf))];
  return { packages, services, files: once(async () => (await tools()).descriptorFiles(definition)) };
}

function described(
  packages: readonly string[],
  services: readonly string[],
  json: () => ProtoJson | Promise<ProtoJson>,
): Described {
  const files = once(async () => {
    const { descriptorFiles, fromJSON } = await tools();
    return descriptorFiles(fromJSON((await json()) as never, { keepCase: true }));
  });
  return { packages, services, files };
}

/** Loaded on the first question: most servers are never asked. */
async function tools() {
  const [{ fromJSON }, { descriptorFiles }] = await Promise.all([
    import('@grpc/proto-loader'),
    import('./descriptor-files.js'),
  ]);
  return { fromJSON, descriptorFiles };
}

/** What failed once may succeed when it is asked for again. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    if (made) return made;
    made = make();
    made.catch(() => (made = undefined));
    return made;
  };
}

function packageOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('.')));
}

function isNamedBy({ packages }: Described, file: string): boolean {
  return packages.some((name) => `${name.replaceAll('.', '_')}.proto` === file);
}
