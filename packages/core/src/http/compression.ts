import { promisify } from 'node:util';
import * as zlib from 'node:zlib';

type Compress = (payload: Uint8Array | string) => Promise<Buffer>;

interface Zstd {
  zstdCompress?: (payload: Uint8Array | string, callback: (error: Error | null, result: Buffer) => void) => void;
}

// The fastest level: answers are written once and read once.
const gzip = promisify(zlib.gzip) as (payload: Uint8Array | string, options: zlib.ZlibOptions) => Promise<Buffer>;
const gzipFast: Compress = (payload) => gzip(payload, { level: zlib.constants.Z_BEST_SPEED });
const { zstdCompress } = zlib as Zstd;

/** In the order of preference among equals. */
const ENCODINGS: readonly (readonly [string, Compress])[] = [
  ...(zstdCompress ? [['zstd', promisify(zstdCompress) as Compress] as const] : []),
  ['gzip', gzipFast],
];

export interface Compression {
  readonly name: string;
  readonly compress: Compress;
}

const CACHE_LIMIT = 256;
const known = new Map<string, Compression | undefined>();

/** The compression that an `accept-encoding` header prefers; `undefined` when it asks for none that we write. */
export function compressionFor(acceptEncoding: string): Compression | undefined {
  if (known.has(acceptEncoding)) return known.get(acceptEncoding);
  const choice = choose(acceptEncoding);
  if (known.size < CACHE_LIMIT) known.set(acceptEncoding, choice);
  return choice;
}

function choose(acceptEncoding: string): Compression | undefined {
  const quality = new Map<string, number>();
  for (const part of acceptEncoding.toLowerCase().split(',')) {
    const [name = '', weight] = part.split(';').map((piece) => piece.trim());
    quality.set(name, weight?.startsWith('q=') ? Number(weight.slice(2)) || 0 : 1);
  }
  let best: Compression | undefined;
  let bestQuality = 0;
  for (const [name, compress] of ENCODINGS) {
    const q = quality.get(name) ?? quality.get('*') ?? 0;
    if (q > bestQuality) [best, bestQuality] = [{ name, compress }, q];
  }
  return best;
}
