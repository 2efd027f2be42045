import { join } from 'node:path';
import protobuf from 'protobufjs';
import { ROOT } from '../../harness/repository.js';

export interface EchoStatus {
  readonly code: number;
  readonly message: string;
}

export interface Payload {
  readonly body?: Uint8Array;
}

export interface SimpleRequest {
  readonly responseSize: number;
  readonly payload?: Payload;
  readonly responseStatus?: EchoStatus;
}

export interface StreamingOutputRequest {
  readonly responseParameters?: readonly { readonly size: number; readonly intervalUs: number }[];
  readonly payload?: Payload;
  readonly responseStatus?: EchoStatus;
}

const root = protobuf.loadSync(join(ROOT, 'test', 'protos', 'interop.proto'));

/** Reads a message of the interoperability service. */
export function decode<T>(name: string, bytes: Uint8Array): T {
  return root.lookupType(`grpc.testing.${name}`).decode(bytes) as unknown as T;
}

export function encode(name: string, message: object): Buffer {
  const type = root.lookupType(`grpc.testing.${name}`);
  return Buffer.from(type.encode(type.fromObject(message)).finish());
}
