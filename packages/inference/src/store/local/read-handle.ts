import type { FileHandle } from 'node:fs/promises';

const CHUNK_BYTES = 256 * 1024;

/** The content of an open file from `offset` on; the handle stays open. @throws the signal's reason */
export async function* readHandle(
  handle: FileHandle,
  offset: number,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (let at = offset; ;) {
    signal?.throwIfAborted();
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** As {@link readHandle}, and closes the handle at the end, however it comes. */
export async function* readAndClose(
  handle: FileHandle,
  offset: number,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    yield* readHandle(handle, offset, signal);
  } finally {
    await handle.close();
  }
}
