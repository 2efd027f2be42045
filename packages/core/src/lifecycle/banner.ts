import { type PathPrefix, servicePath } from '../http/service-path.js';
import type { ServiceDefinition } from '../service/runtime.js';
import { exampleRecord, exampleRow } from './example-record.js';
import type { ListenAddresses } from './listen-options.js';
import type { StartupSection } from './startup-report.js';

export interface BannerFacts {
  readonly addresses: ListenAddresses;
  readonly services: readonly ServiceDefinition[];
  /** What parts of the application add: models, threads. */
  readonly sections: readonly StartupSection[];
  readonly prefix: PathPrefix;
  readonly tls: boolean;
}

/** What is served, and where: printed once everything answers. */
export function bannerText(facts: BannerFacts): string {
  const { addresses, services, sections } = facts;
  const told = sections.filter(({ lines }) => lines.length > 0);
  const lines = ['Witan is serving', ...told.flatMap(({ title, lines }) => section(title, lines))];
  if (addresses.http) lines.push(...section(`HTTP   ${addresses.http}`, httpLines(facts)));
  if (addresses.grpc)
    lines.push(
      ...section(
        `gRPC   ${addresses.grpc}`,
        shortened(services.map((s) => `${qualifiedName(s)}: Predict, PredictStream`)),
      ),
    );
  const batching = services.flatMap((service) => service.batchSummary ?? []);
  if (batching.length > 0) lines.push(...section('Batching', batching));
  const [first] = services;
  if (first) lines.push(...section('Try it', [...curlLine(facts, first), ...grpcurlLine(facts, first)]));
  return lines.join('\n');
}

function section(title: string, lines: readonly string[]): string[] {
  return [`  ${title}`, ...lines.map((line) => `    ${line}`)];
}

/** A repository may have a thousand services. */
const MAX_LINES = 20;
function shortened(lines: readonly string[]): readonly string[] {
  if (lines.length <= MAX_LINES) return lines;
  return [...lines.slice(0, MAX_LINES), `and ${lines.length - MAX_LINES} more`];
}

function httpLines({ services, prefix }: BannerFacts): string[] {
  return [
    ...shortened(services.map((service) => `POST ${servicePath(service.path, prefix)}`)),
    'GET  /docs, /openapi.json, /proto, /health/live, /health/ready',
  ];
}

function qualifiedName({ protoPackage, protoService }: ServiceDefinition): string {
  return `${protoPackage}.${protoService}`;
}

/** Text between single quotes of a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function curlLine({ addresses, prefix, tls }: BannerFacts, service: ServiceDefinition): string[] {
  if (!addresses.http) return [];
  const route = servicePath(service.path, prefix).replace(/:(\w+)/g, '$1');
  const unix = /^unix:(.*)$/.exec(addresses.http);
  const target = unix ? `--unix-socket ${unix[1]} http://localhost${route}` : `${addresses.http}${route}`;
  const body = quoted(JSON.stringify([service.input ? exampleRecord(service.input) : { x: 1 }]));
  return [`curl -s ${tls ? '-k ' : ''}${target} -H 'content-type: application/json' -d ${body}`];
}

function grpcurlLine({ addresses, tls }: BannerFacts, service: ServiceDefinition): string[] {
  if (!addresses.grpc) return [];
  const params = Object.fromEntries(service.params.filter((p) => p.in === 'path').map((p) => [p.name, p.name]));
  const message = quoted(JSON.stringify({ ...params, rows: [service.input ? exampleRow(service.input) : { x: 1 }] }));
  return [
    `grpcurl ${tls ? '-insecure' : '-plaintext'} -d ${message} ${addresses.grpc} ${qualifiedName(service)}/Predict`,
  ];
}
