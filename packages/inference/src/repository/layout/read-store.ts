import type { Store, StoreFile } from '../../store/store.js';
import { layoutError } from './layout.errors.js';

/**
 * A small text file of a store.
 * @throws {INF_ERR_MODEL_CONFIG} when it is longer than `maxBytes`, whatever the listing says, or not UTF-8
 */
export async function readStoreText(
  store: Store,
  file: StoreFile,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<string> {
  if (file.bytes > maxBytes) throw tooLong(file, maxBytes);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of await store.read(file, { signal })) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLong(file, maxBytes);
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    throw layoutError('INF_ERR_MODEL_CONFIG', `${file.path} is no UTF-8 text`, { cause });
  }
}

function tooLong(file: StoreFile, maxBytes: number): Error {
  return layoutError('INF_ERR_MODEL_CONFIG', `${file.path} is longer than ${maxBytes} bytes, the most that is read`);
}
