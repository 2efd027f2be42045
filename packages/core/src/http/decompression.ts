import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import type { WitanError } from '../errors/witan-error.js';
import { httpError } from './http.errors.js';
import { shorten } from './media-types.js';

type Decompress = (body: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>;

/** Node's zlib has Zstandard since 22.15; the types of older versions do not. */
const zstd = (zlib as { zstdDecompress?: (...args: never[]) => void }).zstdDecompress;

const DECOMPRESS: ReadonlyMap<string, Decompress> = new Map<string, Decompress>([
  ['gzip', promisify(zlib.gunzip)],
  ['x-gzip', promisify(zlib.gunzip)],
  ['deflate', promisify(zlib.inflate)],
  ['br', promisify(zlib.brotliDecompress)],
  ...(zstd ? [['zstd', promisify(zstd) as unknown as Decompress] as const] : []),
]);

/** The content encodings that request bodies may have here, for the `accept-encoding` of a refusal. */
export const READABLE_ENCODINGS = [...DECOMPRESS.keys()].filter((name) => name !== 'x-gzip').join(', ');

/**
 * The body without its content encoding; it works on zlib's threads and stops at the limit, so a small bomb costs no
 * more than a large body.
 * @throws {CORE_ERR_HTTP_CONTENT_ENCODING} for an encoding that is not read, or several at once.
 * @throws {CORE_ERR_HTTP_BODY_TOO_LARGE} when more than `limitBytes` come out.
 * @throws {CORE_ERR_HTTP_BODY} when the body does not decompress.
 */
export async function decompressBody(body: Buffer, encoding: string, limitBytes: number): Promise<Buffer> {
  const decompress = DECOMPRESS.get(encoding.trim().toLowerCase());
  if (!decompress) {
    throw httpError(
      'CORE_ERR_HTTP_CONTENT_ENCODING',
      `content encoding '${shorten(encoding)}' is not read here: send one of ${READABLE_ENCODINGS}, or none`,
    );
  }
  try {
    return await decompress(body, { maxOutputLength: limitBytes });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw bodyTooLarge('after decompression', limitBytes);
    throw httpError('CORE_ERR_HTTP_BODY', `the body is not valid ${encoding}: it is damaged or ends early`, { cause });
  }
}

export function bodyTooLarge(seen: string, limitBytes: number): WitanError {
  return httpError(
    'CORE_ERR_HTTP_BODY_TOO_LARGE',
    `the body is larger than ${limitBytes} bytes (${seen}): send fewer rows a request, or raise bodyLimitBytes`,
    { details: { limitBytes } },
  );
}
