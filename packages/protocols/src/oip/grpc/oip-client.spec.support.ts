import { Client, type ClientDuplexStream, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { WitanApplication, WitanOptions } from '@witan/core';
import { WitanFactory, WitanModule } from '@witan/core';
import { ModelModule, type ModelModuleOptions, type ModelOptions } from '@witan/inference';
import { Module } from '@nestjs/common';
import protobuf from 'protobufjs';
import type { OipOptions } from '../oip-options.js';
import { OipModule } from '../oip.module.js';
import { INFERENCE_PROTO, INFERENCE_SERVICE } from './inference-proto.js';

export const inference = protobuf.parse(INFERENCE_PROTO, { keepCase: true }).root;
const service = inference.lookupService(INFERENCE_SERVICE);

export function typeOf(name: string): protobuf.Type {
  return inference.lookupType(`inference.${name}`);
}

export function encoded(type: protobuf.Type, value: object): Buffer {
  return Buffer.from(type.encode(type.fromObject(value)).finish());
}

/** As a plain object: whole numbers of 64 bits as text, enums by name, what was not sent is absent. */
// eslint-disable-next-line typescript/no-explicit-any -- its shape is the .proto's, which the compiler does not know
export function decoded(type: protobuf.Type, bytes: Uint8Array): any {
  return type.toObject(type.decode(bytes), { longs: String, enums: String });
}

export interface CallOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
}

const same = (bytes: Buffer): Buffer => bytes;

/** A caller with grpc-js and messages by protobufjs from the published .proto. */
export class OipClient {
  private readonly client: Client;

  constructor(address: string) {
    this.client = new Client(address, credentials.createInsecure());
  }

  /** Rejects with a ServiceError. */
  // eslint-disable-next-line typescript/no-explicit-any -- as above
  async call(method: string, request: object = {}, options: CallOptions = {}): Promise<any> {
    const { requestType, responseType } = service.methods[method]!;
    const bytes = await this.raw(method, encoded(typeOf(requestType), request), options);
    return decoded(typeOf(responseType), bytes);
  }

  raw(method: string, message: Buffer, { metadata, deadlineMs }: CallOptions = {}): Promise<Buffer> {
    const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    return new Promise((resolve, reject) => {
      this.client.makeUnaryRequest(
        `/${INFERENCE_SERVICE}/${method}`,
        same,
        same,
        message,
        metadataOf(metadata),
        options,
        (error: ServiceError | null, answer?: Buffer) => (error ? reject(error) : resolve(answer!)),
      );
    });
  }

  /** An open `ModelStreamInfer` of raw messages. */
  stream({ metadata }: CallOptions = {}): ClientDuplexStream<Buffer, Buffer> {
    return this.client.makeBidiStreamRequest(
      `/${INFERENCE_SERVICE}/ModelStreamInfer`,
      same,
      same,
      metadataOf(metadata),
    );
  }

  /** Sends all requests at once; gives the answers that came and how the stream ended. */
  streamed(
    requests: readonly (object | Buffer)[],
    options?: CallOptions,
    // eslint-disable-next-line typescript/no-explicit-any -- as above
  ): Promise<{ answers: any[]; error?: ServiceError }> {
    const call = this.stream(options);
    // eslint-disable-next-line typescript/no-explicit-any -- as above
    const answers: any[] = [];
    call.on('data', (bytes: Buffer) => answers.push(decoded(typeOf('ModelStreamInferResponse'), bytes)));
    const ended = new Promise<{ answers: typeof answers; error?: ServiceError }>((resolve) => {
      call.on('error', (error: ServiceError) => resolve({ answers, error }));
      call.on('end', () => resolve({ answers }));
    });
    const type = typeOf('ModelInferRequest');
    for (const request of requests) call.write(Buffer.isBuffer(request) ? request : encoded(type, request));
    call.end();
    return ended;
  }

  close(): void {
    this.client.close();
  }
}

function metadataOf(entries: Readonly<Record<string, string>> = {}): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(entries)) metadata.set(name, value);
  return metadata;
}

export interface ServeOptions {
  readonly witan?: WitanOptions;
  readonly oip?: OipOptions;
  readonly root?: ModelModuleOptions;
}

export interface Served {
  readonly app: WitanApplication;
  readonly client: OipClient;
  readonly address: string;
}

/** An application that serves those models of a folder on a free gRPC port. */
export async function serve(
  store: string,
  models: readonly (string | ModelOptions)[],
  { witan, oip = {}, root }: ServeOptions = {},
): Promise<Served> {
  const declared = models.map((model) => ({ trusted: true, ...(typeof model === 'string' ? { name: model } : model) }));
  @Module({
    imports: [
      WitanModule.forRoot(witan),
      ModelModule.forRoot({ store, ...root }),
      ModelModule.forFeature(...declared),
      OipModule.forRoot(oip),
    ],
  })
  class App {}
  const app = await WitanFactory.create(App, { logger: false });
  try {
    const { grpc } = await app.listen({ http: false, grpc: 0, host: '127.0.0.1', banner: false });
    return { app, client: new OipClient(grpc!), address: grpc! };
  } catch (error) {
    await app.close();
    throw error;
  }
}
