import { promisify } from 'node:util';
import { constants, deflate, gzip, type ZlibOptions } from 'node:zlib';

type Compress = (payload: Uint8Array | string, options: ZlibOptions) => Promise<Buffer>;

export interface Compression {
  readonly name: 'gzip' | 'deflate';
  compress(payload: Uint8Array | string): Promise<Buffer>;
}

// The fastest level: answers are written once and read once.
const FAST: ZlibOptions = { level: constants.Z_BEST_SPEED };
const compressionOf = (name: Compression['name'], compress: Compress): Compression => ({
  name,
  compress: (payload) => compress(payload, FAST),
});
/** The two that the protocol's clients ask for, in the order of preference among equals. */
const OFFERED = [
  compressionOf('gzip', promisify(gzip) as Compress),
  compressionOf('deflate', promisify(deflate) as Compress),
];

const CACHE_LIMIT = 64;
const known = new Map<string, Compression | undefined>();

/** What an `accept-encoding` header prefers of gzip and deflate; `undefined`: neither. */
export function compressionFor(acceptEncoding: string): Compression | undefined {
  if (known.has(acceptEncoding)) return known.get(acceptEncoding);
  const choice = choose(acceptEncoding);
  if (known.size < CACHE_LIMIT) known.set(acceptEncoding, choice);
  return choice;
}

function choose(acceptEncoding: string): Compression | undefined {
  const weights = new Map<string, number>();
  for (const part of acceptEncoding.toLowerCase().split(',')) {
    const [name = '', weight] = part.split(';').map((piece) => piece.trim());
    weights.set(name, weight?.startsWith('q=') ? Number(weight.slice(2)) || 0 : 1);
  }
  let best: Compression | undefined;
  let bestWeight = 0;
  for (const each of OFFERED) {
    const weight = weights.get(each.name) ?? weights.get('*') ?? 0;
    if (weight > bestWeight) [best, bestWeight] = [each, weight];
  }
  return best;
}
