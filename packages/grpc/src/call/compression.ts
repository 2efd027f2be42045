import { promisify } from 'node:util';
import * as zlib from 'node:zlib';

type Code = (bytes: Buffer, options?: { maxOutputLength?: number }) => Promise<Buffer>;

export interface Compression {
  readonly name: string;
  readonly compress: Code;
  /** Rejects beyond `maxOutputLength` bytes, before they are made. */
  readonly decompress: Code;
  /** How many bytes one byte can stand for. */
  readonly maxRatio: number;
}

const asCode = (fn: unknown): Code =>
  promisify(fn as (bytes: Buffer, options: object, done: () => void) => void) as never;
/** Of deflate, whose longest match of 258 bytes takes two bits at least. */
const DEFLATE_RATIO = 1032;
/** From Node 22.15 on. */
const { zstdCompress, zstdDecompress } = zlib as unknown as Record<string, unknown>;

const KNOWN: readonly Compression[] = [
  { name: 'gzip', compress: asCode(zlib.gzip), decompress: asCode(zlib.gunzip), maxRatio: DEFLATE_RATIO },
  { name: 'deflate', compress: asCode(zlib.deflate), decompress: asCode(zlib.inflate), maxRatio: DEFLATE_RATIO },
  ...(zstdCompress
    ? [{ name: 'zstd', compress: asCode(zstdCompress), decompress: asCode(zstdDecompress), maxRatio: Infinity }]
    : []),
];

export const compressionNamed = (name: string): Compression | undefined => KNOWN.find((one) => one.name === name);

/** `grpc-accept-encoding` of this server. */
export const ACCEPTED = ['identity', ...KNOWN.map(({ name }) => name)].join(',');

/** Whether a caller with this `grpc-accept-encoding` takes `name`. */
export function accepts(acceptEncoding: string | undefined, name: string): boolean {
  return acceptEncoding !== undefined && acceptEncoding.split(',').some((one) => one.trim() === name);
}

/** What zlib says when a message is larger than allowed once decompressed. */
export const isTooLarge = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
