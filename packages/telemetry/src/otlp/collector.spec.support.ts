import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { type ForeignTool, toolOnFirstUse } from '@witan-libs/testing';
import type { Received } from './receiver.spec.support.js';

const run = promisify(execFile);
const VERSION = '0.150.0';
const PROVIDER_VERSION = '1.56.0';
const BUILDER = `go.opentelemetry.io/collector/cmd/builder@v${VERSION}`;

const MANIFEST = `dist:
  name: otelcol
  output_path: ./out
  version: ${VERSION}
receivers:
  - gomod: go.opentelemetry.io/collector/receiver/otlpreceiver v${VERSION}
exporters:
  - gomod: go.opentelemetry.io/collector/exporter/otlphttpexporter v${VERSION}
providers:
  - gomod: go.opentelemetry.io/collector/confmap/provider/fileprovider v${PROVIDER_VERSION}
conf_resolver:
  default_uri_scheme: file
`;

/** OpenTelemetry's collector with OTLP in, and OTLP as JSON out; built by Go on first use, which takes minutes. */
export function collectorTool(): Promise<ForeignTool> {
  return toolOnFirstUse(`otelcol-${VERSION}`, join('out', 'otelcol'), async (folder) => {
    const env = { ...process.env, GOBIN: folder, GOFLAGS: '' };
    const options = { cwd: folder, env, maxBuffer: 1 << 26 };
    await run('go', ['install', BUILDER], options);
    writeFileSync(join(folder, 'builder.yaml'), MANIFEST);
    await run(join(folder, 'builder'), ['--config', 'builder.yaml'], options);
  });
}

/** A running collector, and what it made of what it was sent: OTLP in JSON. */
export class Collector {
  readonly traces: Received[] = [];
  readonly metrics: Received[] = [];
  readonly logs: Received[] = [];
  private waiting: (() => void)[] = [];

  private constructor(
    readonly http: string,
    readonly grpc: string,
    private readonly sink: Server,
    private readonly child: ChildProcess,
    private readonly folder: string,
  ) {}

  static async start(program: string): Promise<Collector> {
    const [http, grpc] = [await freePort(), await freePort()];
    const sink = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        collector.take(request.url!, Buffer.concat(chunks).toString());
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
    await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
    const folder = mkdtempSync(join(tmpdir(), 'witan-otelcol-'));
    const config = join(folder, 'config.yaml');
    writeFileSync(config, configOf(http, grpc, (sink.address() as AddressInfo).port));
    const child = spawn(program, ['--config', `file:${config}`], { stdio: ['ignore', 'ignore', 'pipe'] });
    const collector = new Collector(`http://127.0.0.1:${http}`, `http://127.0.0.1:${grpc}`, sink, child, folder);
    await ready(child);
    return collector;
  }

  /** Resolves once `done` holds of what has come. */
  async until(done: (collector: this) => boolean): Promise<void> {
    while (!done(this)) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  stop(): void {
    this.child.kill();
    this.sink.close();
    this.sink.closeAllConnections();
    rmSync(this.folder, { recursive: true });
  }

  private take(url: string, body: string): void {
    const message = JSON.parse(body) as Received;
    for (const each of message['resourceSpans'] ?? [])
      for (const scope of each.scopeSpans) this.traces.push(...scope.spans.map(withResource(each)));
    for (const each of message['resourceMetrics'] ?? [])
      for (const scope of each.scopeMetrics) this.metrics.push(...scope.metrics.map(withResource(each)));
    for (const each of message['resourceLogs'] ?? [])
      for (const scope of each.scopeLogs) this.logs.push(...scope.logRecords.map(withResource(each)));
    for (const wake of this.waiting.splice(0)) wake();
  }
}

function withResource(each: Received): (item: Received) => Received {
  return (item) => ({
    ...item,
    attributes: attributesOf(item['attributes']),
    resource: attributesOf(each['resource'].attributes),
  });
}

function attributesOf(list: { key: string; value: Received }[] = []): Received {
  return Object.fromEntries(list.map(({ key, value }) => [key, Object.values(value)[0] as unknown]));
}

function configOf(http: number, grpc: number, sink: number): string {
  const pipeline = '{ receivers: [otlp], exporters: [otlphttp] }';
  return `receivers:
  otlp:
    protocols:
      http: { endpoint: '127.0.0.1:${http}' }
      grpc: { endpoint: '127.0.0.1:${grpc}' }
exporters:
  otlphttp: { endpoint: 'http://127.0.0.1:${sink}', encoding: json, compression: none }
service:
  telemetry: { metrics: { level: none } }
  pipelines: { traces: ${pipeline}, metrics: ${pipeline}, logs: ${pipeline} }
`;
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const lines: string[] = [];
    createInterface({ input: child.stderr! }).on('line', (line) => {
      lines.push(line);
      if (line.includes('Everything is ready')) resolve();
    });
    child.once('exit', () => reject(new Error(`the collector ended: ${lines.slice(-5).join('\n')}`)));
  });
}

async function freePort(): Promise<number> {
  const socket = createSocket();
  await new Promise<void>((resolve) => socket.listen(0, '127.0.0.1', resolve));
  const { port } = socket.address() as AddressInfo;
  await new Promise((resolve) => socket.close(resolve));
  return port;
}
