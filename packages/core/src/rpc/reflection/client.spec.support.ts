import protobuf from 'protobufjs';
import protoDescriptor from 'protobufjs/ext/descriptor.js';
import type { TestClient } from '../harness.spec.support.js';

const REFLECTION = protobuf.parse(`syntax = "proto3";
  message Request { string host = 1; oneof message_request { string file_by_filename = 3; string file_containing_symbol = 4; string all_extension_numbers_of_type = 6; string list_services = 7; } }
  message Files { repeated bytes file_descriptor_proto = 1; }
  message Service { string name = 1; } message Services { repeated Service service = 1; }
  message Failure { int32 error_code = 1; string error_message = 2; }
  message Response { oneof message_response { Files files = 4; Services services = 6; Failure failure = 7; } }`).root;

export interface ReflectionAnswer {
  readonly files?: { readonly fileDescriptorProto: readonly Uint8Array[] };
  readonly services?: { readonly service: readonly { readonly name: string }[] };
  readonly failure?: { readonly errorCode: number; readonly errorMessage: string };
}

/** One question to server reflection. */
export function askReflection(client: TestClient, request: object, version = 'v1'): Promise<ReflectionAnswer> {
  const [type, answer] = [REFLECTION.lookupType('Request'), REFLECTION.lookupType('Response')];
  const call = client.stream(undefined, `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`);
  return new Promise((resolve, reject) => {
    call.on('error', reject);
    call.on('data', (bytes: Buffer) => {
      call.end();
      resolve(answer.toObject(answer.decode(bytes)) as ReflectionAnswer);
    });
    call.write(Buffer.from(type.encode(type.fromObject(request)).finish()));
  });
}

export async function reflectedServices(client: TestClient): Promise<string[]> {
  const { services } = await askReflection(client, { listServices: '*' });
  return services!.service.map(({ name }) => name);
}

/** The types of the files that a symbol stands in and needs, as a client makes them. */
export async function reflectedRoot(client: TestClient, symbol: string): Promise<protobuf.Root> {
  const { files, failure } = await askReflection(client, { fileContainingSymbol: symbol });
  if (!files) throw new Error(failure!.errorMessage);
  const set = { file: files.fileDescriptorProto.map((file) => protoDescriptor.FileDescriptorProto.decode(file)) };
  return (protobuf.Root as unknown as { fromDescriptor(set: object): protobuf.Root }).fromDescriptor(set);
}
