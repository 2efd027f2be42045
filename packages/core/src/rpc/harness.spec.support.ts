import {
  Client,
  credentials,
  type ClientDuplexStream,
  type ChannelCredentials,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { systemClock } from '../clock.js';
import type { DType } from '../frame/dtype.js';
import { parseDType } from '../frame/dtype.js';
import type { Frame } from '../frame/frame.js';
import type { Context } from '../handler/context.js';
import type { ColumnSpec, SchemaSpec } from '../schema/spec.js';
import type { ServiceDefinition, ServiceResult, ServiceRuntime } from '../service/runtime.js';
import { createGrpcListener, type GrpcListener, type GrpcListenerParts } from './grpc-listener.js';
import { protoDescriptorOf } from './proto/proto-descriptor.js';
import type { RpcServerKind } from './rpc-options.js';
import { createRpcServer } from './server/create-rpc-server.js';

/** A column of a schema, with what specs leave out. */
export function column(name: string, dtype: DType, more: Partial<ColumnSpec> = {}): ColumnSpec {
  return { name, dtype: parseDType(dtype), shape: [], nullable: false, rules: [], ...more };
}

export function schema(name: string, columns: ColumnSpec[]): SchemaSpec {
  return { name, columns, unknown: 'ignore' };
}

export const FLOWER = schema('Flower', [
  column('sepalLength', 'f32'),
  column('petalLength', 'f32'),
  column('name', 'utf8'),
]);

export function definition(more: Partial<ServiceDefinition> = {}): ServiceDefinition {
  return {
    name: 'IrisService',
    path: 'iris/:run',
    params: [
      { name: 'run', in: 'path', required: true },
      { name: 'topK', in: 'query', required: false },
    ],
    input: FLOWER,
    output: FLOWER,
    protoPackage: 'iris.v1',
    protoService: 'IrisService',
    ...more,
  };
}

export type Handle = (frame: Frame, context: Context) => ServiceResult | Promise<ServiceResult>;

/** A service made of one function. */
export function runtime(handle: Handle = (frame) => frame, more: Partial<ServiceDefinition> = {}): ServiceRuntime {
  return { definition: definition(more), invoke: (context, read) => handle(read(), context) };
}

let kind: RpcServerKind = 'witan';

/** Has every listener of this file's tests stand on this server. */
export function useServer(wanted: RpcServerKind): void {
  kind = wanted;
}

/** A listener on a free port, serving. */
export async function listening(
  runtimes: ServiceRuntime[],
  more: Partial<GrpcListenerParts> = {},
): Promise<GrpcListener> {
  const logger = { error: () => undefined };
  const { options = { host: '127.0.0.1' }, clock = systemClock } = more;
  const server = more.server ?? (await createRpcServer({ server: kind, ...options }, clock));
  const listener = createGrpcListener({ runtimes, logger, ...more, options, clock, server });
  await listener.listen();
  listener.setServing(true);
  return listener;
}

/** protobufjs on our descriptor: what a foreign client would generate. */
export function messageTypes(definitions: ServiceDefinition[]): (name: string) => protobuf.Type {
  const root = protobuf.Root.fromJSON(protoDescriptorOf(definitions) as protobuf.INamespace);
  return (name) => root.lookupType(name);
}

export interface CallOutcome {
  readonly error?: ServiceError;
  readonly answer?: Record<string, unknown>;
  readonly metadata: Metadata;
}

/** A grpc-js client whose messages protobufjs encodes and decodes. */
export class TestClient {
  readonly client: Client;
  private readonly typeOf: (name: string) => protobuf.Type;

  constructor(
    address: string,
    private readonly service: ServiceDefinition = definition(),
    channel: ChannelCredentials = credentials.createInsecure(),
    options: object = {},
  ) {
    this.client = new Client(address, channel, options);
    this.typeOf = messageTypes([service]);
  }

  private get names(): { path: string; request: string; response: string } {
    const { protoPackage, protoService } = this.service;
    const prefix = `${protoPackage}.${protoService.replace(/Service$/, '')}Predict`;
    return {
      path: `/${protoPackage}.${protoService}/Predict`,
      request: `${prefix}Request`,
      response: `${prefix}Response`,
    };
  }

  encode(request: object): Buffer {
    const type = this.typeOf(this.names.request);
    return Buffer.from(type.encode(type.fromObject(request)).finish());
  }

  decode(bytes: Buffer): Record<string, unknown> {
    const type = this.typeOf(this.names.response);
    return type.toObject(type.decode(bytes), { longs: String }) as Record<string, unknown>;
  }

  predict(request: object | Buffer, metadata = new Metadata(), options: object = {}): Promise<CallOutcome> {
    const bytes = Buffer.isBuffer(request) ? request : this.encode(request);
    return this.unary(this.names.path, bytes, metadata, options).then(({ bytes: answer, ...rest }) => ({
      ...rest,
      ...(answer && { answer: this.decode(answer) }),
    }));
  }

  unary(
    path: string,
    message: Buffer,
    metadata = new Metadata(),
    options: object = {},
  ): Promise<{ error?: ServiceError; bytes?: Buffer; metadata: Metadata }> {
    return new Promise((resolve) => {
      let initial = new Metadata();
      const call = this.client.makeUnaryRequest(path, same, same, message, metadata, options, (error, bytes) => {
        resolve({ metadata: initial, ...(error ? { error } : { bytes: bytes! }) });
      });
      call.on('metadata', (seen: Metadata) => (initial = seen));
    });
  }

  stream(metadata = new Metadata(), path = `${this.names.path}Stream`): ClientDuplexStream<Buffer, Buffer> {
    return this.client.makeBidiStreamRequest(path, same, same, metadata);
  }

  close(): void {
    this.client.close();
  }
}

function same(bytes: Buffer): Buffer {
  return bytes;
}
