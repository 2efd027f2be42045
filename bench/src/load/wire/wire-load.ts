import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { compiled } from '../../paths.js';
import { block } from '../../workloads/proto-bytes.js';
import type { LoadOptions, LoadResult } from '../load-result.js';
import { GrpcWire } from './grpc-wire.js';

export interface WireOptions extends LoadOptions {
  /** gRPC, or as many bytes that come back as they are. */
  readonly kind: 'grpc' | 'plain';
  readonly port: number;
  readonly path: string;
  readonly tls: boolean;
  readonly messageBytes: number;
}

/** Load by a client of our own: for what h2load cannot send, and for servers that do not speak HTTP/2. */
export async function wireLoad(options: WireOptions): Promise<LoadResult> {
  const args = [compiled('load/wire/wire-main'), JSON.stringify(options)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as LoadResult;
}

/** A protobuf message of so many bytes, or up to two more: field 1, bytes. */
export function wireMessage(bytes: number): Buffer {
  const lengthBytes = Math.ceil(Math.log2(bytes) / 7);
  return block(1, Buffer.alloc(bytes - 1 - lengthBytes, 7));
}

/** How many bytes a call has on the wire, after the first of its connection. */
export const wireCallBytes = (path: string, messageBytes: number): number =>
  new GrpcWire({ write: () => undefined }, path, wireMessage(messageBytes)).callBytes;
