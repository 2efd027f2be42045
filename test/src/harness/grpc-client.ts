import { createRequire } from 'node:module';
import * as grpc from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer, loadSync, type Options } from '@grpc/proto-loader';

const OPTIONS: Options = { keepCase: true, longs: String, enums: String, defaults: false };

/** A service that was asked what it is: calls go by method name, messages are plain objects. */
export interface ReflectedClient {
  call(method: string, request: object): Promise<Record<string, unknown>>;
  close(): void;
}

interface ReflectionAnswer {
  file_descriptor_response?: { file_descriptor_proto: Buffer[] };
  error_response?: { error_message: string };
}

/** A client made of nothing but the server's reflection. */
export async function reflectedClient(address: string, service: string): Promise<ReflectedClient> {
  const files = await descriptors(address, service);
  const loaded = loadFileDescriptorSetFromBuffer(Buffer.concat(files.map(asSetEntry)), OPTIONS);
  const client = connect(grpc.loadPackageDefinition(loaded), service, address);
  return {
    call(method, request) {
      return new Promise((resolve, reject) => {
        const unary = client[method] as (request: object, done: grpc.requestCallback<Record<string, unknown>>) => void;
        unary.call(client, request, (error, answer) => (error ? reject(error) : resolve(answer!)));
      });
    },
    close: () => client.close(),
  };
}

function connect(root: grpc.GrpcObject, service: string, address: string): grpc.Client & Record<string, unknown> {
  const constructor = service.split('.').reduce((at, name) => at[name] as grpc.GrpcObject, root);
  const Client = constructor as unknown as grpc.ServiceClientConstructor;
  return new Client(address, grpc.credentials.createInsecure()) as unknown as grpc.Client & Record<string, unknown>;
}

/** The file that declares a symbol, and the files that it imports, each as a FileDescriptorProto. */
function descriptors(address: string, symbol: string): Promise<Buffer[]> {
  const proto = createRequire(import.meta.url).resolve(
    '@grpc/reflection/build/proto/grpc/reflection/v1/reflection.proto',
  );
  const client = connect(
    grpc.loadPackageDefinition(loadSync(proto, OPTIONS)),
    'grpc.reflection.v1.ServerReflection',
    address,
  );
  const open = client['ServerReflectionInfo'] as () => grpc.ClientDuplexStream<object, ReflectionAnswer>;
  const stream = open.call(client);
  return new Promise<Buffer[]>((resolve, reject) => {
    stream.on('error', reject);
    stream.on('data', ({ file_descriptor_response: found, error_response: error }: ReflectionAnswer) => {
      if (found) resolve(found.file_descriptor_proto);
      else reject(new Error(`reflection knows no ${symbol}: ${error?.error_message}`));
      stream.end();
    });
    stream.write({ file_containing_symbol: symbol });
  }).finally(() => client.close());
}

/** One `repeated FileDescriptorProto file = 1` of a FileDescriptorSet: tag, length, bytes. */
function asSetEntry(file: Buffer): Buffer {
  const length: number[] = [];
  for (let rest = file.length; ; rest >>>= 7) {
    if (rest < 128) {
      length.push(rest);
      break;
    }
    length.push((rest & 127) | 128);
  }
  return Buffer.concat([Buffer.from([0x0a, ...length]), file]);
}
