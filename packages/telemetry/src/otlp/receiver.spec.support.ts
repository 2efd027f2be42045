import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import protobuf from 'protobufjs';

/** The messages of OTLP, as far as is looked at: opentelemetry-proto 1.9. */
const PROTO = `
syntax = "proto3";
package otlp;
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7; } }
message ArrayValue { repeated AnyValue values = 1; }
message KeyValueList { repeated KeyValue values = 1; }
message KeyValue { string key = 1; AnyValue value = 2; }
message Resource { repeated KeyValue attributes = 1; }
message Scope { string name = 1; string version = 2; }
message TracesRequest { repeated ResourceSpans resource = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scopes = 2; }
message ScopeSpans { Scope scope = 1; repeated Span items = 2; }
message Span { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5; int32 kind = 6; fixed64 start = 7; fixed64 end = 8; repeated KeyValue attributes = 9; repeated Event events = 11; repeated Link links = 13; Status status = 15; fixed32 flags = 16; }
message Event { fixed64 time = 1; string name = 2; repeated KeyValue attributes = 3; }
message Link { bytes trace_id = 1; bytes span_id = 2; }
message Status { string message = 2; int32 code = 3; }
message LogsRequest { repeated ResourceLogs resource = 1; }
message ResourceLogs { Resource resource = 1; repeated ScopeLogs scopes = 2; }
message ScopeLogs { Scope scope = 1; repeated LogRecord items = 2; }
message LogRecord { fixed64 time = 1; int32 severity_number = 2; string severity_text = 3; AnyValue body = 5; repeated KeyValue attributes = 6; bytes trace_id = 9; bytes span_id = 10; }
message MetricsRequest { repeated ResourceMetrics resource = 1; }
message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scopes = 2; }
message ScopeMetrics { Scope scope = 1; repeated Metric items = 2; }
message Metric { string name = 1; string description = 2; string unit = 3; oneof data { Gauge gauge = 5; Sum sum = 7; Histogram histogram = 9; } }
message Gauge { repeated NumberPoint points = 1; }
message Sum { repeated NumberPoint points = 1; int32 temporality = 2; bool monotonic = 3; }
message Histogram { repeated HistogramPoint points = 1; int32 temporality = 2; }
message NumberPoint { fixed64 start = 2; fixed64 time = 3; double as_double = 4; sfixed64 as_int = 6; repeated KeyValue attributes = 7; }
message HistogramPoint { fixed64 start = 2; fixed64 time = 3; fixed64 count = 4; double sum = 5; repeated fixed64 bucket_counts = 6; repeated double bounds = 7; repeated KeyValue attributes = 9; double min = 11; double max = 12; }
`;
const root = protobuf.parse(PROTO, { keepCase: false }).root;

type Kind = 'traces' | 'logs' | 'metrics';
const TYPES = { traces: 'otlp.TracesRequest', logs: 'otlp.LogsRequest', metrics: 'otlp.MetricsRequest' } as const;
const GRPC = { traces: 'trace', logs: 'logs', metrics: 'metrics' } as const;

/** One span, log record or metric, plain: ids as hexadecimal digits, attributes as an object. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Received = Record<string, any>;

/** How a collector behaves. */
export type Behaviour = 'ok' | 'refuse' | 'hang' | 'garbage' | 'drop';

/** A collector that keeps what it was sent, over HTTP or gRPC. */
export class Receiver {
  readonly traces: Received[] = [];
  readonly logs: Received[] = [];
  readonly metrics: Received[] = [];
  readonly resources: Received[] = [];
  readonly headers: Record<string, unknown>[] = [];
  requests = 0;
  behaviour: Behaviour = 'ok';
  private readonly sockets = new Set<Socket>();

  private constructor(
    readonly url: string,
    private readonly stop: () => void,
  ) {}

  static async http(): Promise<Receiver> {
    const server: HttpServer = createServer((request, response) => void receiver.onHttp(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const receiver = new Receiver(`http://127.0.0.1:${port}`, () => server.close());
    server.on('connection', (socket) => receiver.sockets.add(socket));
    return receiver;
  }

  static async grpc(): Promise<Receiver> {
    const server = new GrpcServer();
    const kinds = Object.keys(GRPC) as Kind[];
    for (const kind of kinds) {
      const name = GRPC[kind];
      const service = `${name[0]!.toUpperCase()}${name.slice(1)}Service`;
      const path = `/opentelemetry.proto.collector.${name}.v1.${service}/Export`;
      const same = (bytes: Buffer): Buffer => bytes;
      const method = { path, requestStream: false, responseStream: false };
      const codec = {
        requestSerialize: same,
        requestDeserialize: same,
        responseSerialize: same,
        responseDeserialize: same,
      };
      server.addService(
        { Export: { ...method, ...codec } },
        {
          Export: (
            call: { request: Buffer; metadata: { getMap(): object } },
            done: (error: object | null, bytes?: Buffer) => void,
          ) => {
            receiver.requests++;
            receiver.headers.push(call.metadata.getMap() as Record<string, unknown>);
            if (receiver.behaviour === 'refuse') return done({ code: 14, message: 'no' });
            if (receiver.behaviour === 'hang') return;
            if (receiver.behaviour === 'garbage') return done(null, Buffer.from('ffffffff', 'hex'));
            receiver.take(kind, call.request);
            done(null, Buffer.alloc(0));
          },
        },
      );
    }
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    const receiver = new Receiver(`http://127.0.0.1:${port}`, () => server.forceShutdown());
    return receiver;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.stop();
  }

  private async onHttp(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    this.requests++;
    this.headers.push(request.headers);
    if (this.behaviour === 'hang') return;
    if (this.behaviour === 'drop') return void request.socket.destroy();
    if (this.behaviour === 'refuse') return void response.writeHead(400).end('no');
    if (this.behaviour === 'garbage') return void response.writeHead(200).end(Buffer.from('ff'.repeat(64), 'hex'));
    const body = Buffer.concat(chunks);
    const plain = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
    this.take(request.url!.split('/').at(-1) as Kind, plain);
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  }

  private take(kind: Kind, bytes: Buffer): void {
    const type = root.lookupType(TYPES[kind]);
    const message = type.toObject(type.decode(bytes), { longs: Number, bytes: Buffer, defaults: false }) as Received;
    for (const each of message['resource'] ?? []) {
      this.resources.push(attributesOf(each.resource?.attributes));
      for (const scope of each.scopes ?? []) for (const item of scope.items ?? []) this[kind].push(plain(item));
    }
  }
}

function plain(item: Received): Received {
  const out: Received = {};
  for (const [name, value] of Object.entries(item)) {
    if (name === 'attributes') out[name] = attributesOf(value);
    else if (Buffer.isBuffer(value)) out[name] = value.toString('hex');
    else if (Array.isArray(value)) out[name] = value.map((each) => (isObject(each) ? plain(each) : each));
    else out[name] = isObject(value) ? plain(value) : value;
  }
  return out;
}

function attributesOf(list: { key: string; value: Received }[] = []): Received {
  return Object.fromEntries(list.map(({ key, value }) => [key, valueOf(value)]));
}

function valueOf(value: Received = {}): unknown {
  if (value['arrayValue']) return (value['arrayValue'].values ?? []).map(valueOf);
  if (value['kvlistValue']) return attributesOf(value['kvlistValue'].values);
  return Object.values(value)[0];
}

function isObject(value: unknown): value is Received {
  return typeof value === 'object' && value !== null && !Buffer.isBuffer(value);
}
