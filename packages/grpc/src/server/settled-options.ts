import { type Compression, compressionNamed } from '../call/compression.js';
import { GrpcError } from './grpc-error.js';
import type { GrpcServerOptions } from './options.js';

const MIB = 1024 * 1024;

/** The options with their defaults; times that are off are Infinity. */
export interface SettledOptions {
  readonly maxReceiveMessageBytes: number;
  readonly maxBufferedBytes: number;
  readonly maxConcurrentStreams: number;
  readonly maxHeaderListBytes: number;
  readonly maxConnections: number;
  readonly requestTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  readonly stallTimeoutMs: number;
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
  readonly maxConnectionAgeMs: number;
  readonly maxConnectionAgeGraceMs: number;
  readonly maxConnectionIdleMs: number;
  readonly compression: Compression | undefined;
  readonly compressMinBytes: number;
  readonly random: () => number;
  readonly onError: (error: unknown, path: string | undefined) => void;
  readonly onRefused: ((path: string | undefined, code: number) => void) | undefined;
}

const NUMBERS = {
  maxReceiveMessageBytes: 16 * MIB,
  maxBufferedBytes: 64 * MIB,
  maxConcurrentStreams: 1000,
  maxHeaderListBytes: 16 * 1024,
  maxConnections: Infinity,
  requestTimeoutMs: 30_000,
  handshakeTimeoutMs: 10_000,
  stallTimeoutMs: 60_000,
  keepaliveTimeMs: Infinity,
  keepaliveTimeoutMs: 20_000,
  maxConnectionAgeMs: Infinity,
  maxConnectionAgeGraceMs: Infinity,
  maxConnectionIdleMs: Infinity,
};
type Name = keyof typeof NUMBERS;

/** @throws {GRPC_ERR_OPTION} */
export function settle(options: GrpcServerOptions): SettledOptions {
  const numbers = Object.fromEntries(
    (Object.keys(NUMBERS) as Name[]).map((name) => [name, numberOf(name, options[name])]),
  ) as Record<Name, number>;
  if (options.maxBufferedBytes === undefined) numbers.maxBufferedBytes = 4 * numbers.maxReceiveMessageBytes;
  return {
    ...numbers,
    compression: options.compression && compressionOf(options.compression.algorithm),
    compressMinBytes: options.compression?.minBytes ?? 1024,
    random: options.random ?? Math.random,
    onError: options.onError ?? (() => undefined),
    onRefused: options.onRefused,
  };
}

function numberOf(name: Name, value: number | undefined): number {
  if (value === undefined) return NUMBERS[name];
  if (Number.isInteger(value) && value > 0) return value;
  throw new GrpcError('GRPC_ERR_OPTION', `${name} is ${value}: give a whole number above 0`);
}

function compressionOf(name: string): Compression {
  const found = compressionNamed(name);
  if (found) return found;
  throw new GrpcError('GRPC_ERR_OPTION', `compression.algorithm is ${name}, which this version of Node does not have`);
}
