import type { BaseCall } from './base-call.js';
import { type Compression, compressionNamed, isTooLarge } from './compression.js';
import { STATUS } from './status-code.js';

/** A compressed message of a request, decompressed; `undefined` when the call has failed for it. */
export async function decompressMessage(call: BaseCall, message: Buffer): Promise<Buffer | undefined> {
  const { encoding } = call.requestHeaders;
  const compression = encoding === undefined ? undefined : compressionNamed(encoding);
  if (compression === undefined) {
    call.fail({ code: STATUS.internal, message: 'a message is marked as compressed, and grpc-encoding is identity' });
    return undefined;
  }
  const { unpacking, options } = call.connection;
  const maxOutputLength = options.maxReceiveMessageBytes;
  const atMost = message.length === 0 ? 0 : Math.min(maxOutputLength, message.length * compression.maxRatio);
  const wait = unpacking.enter(atMost);
  if (wait) await wait;
  try {
    // Nobody waits for it any more.
    if (call.closed) return undefined;
    return await compression.decompress(message, { maxOutputLength });
  } catch (error) {
    call.fail(
      isTooLarge(error)
        ? {
            code: STATUS.resourceExhausted,
            message: `a message is larger than the ${maxOutputLength} bytes that are allowed, once decompressed`,
          }
        : { code: STATUS.internal, message: `a message is not ${compression.name}` },
    );
    return undefined;
  } finally {
    unpacking.leave(atMost);
  }
}

/** A message of an answer, compressed when that is worth it; names the compression in the answer's headers. */
export async function compressAnswer(
  call: BaseCall,
  { name, compress }: Compression,
  message: Buffer,
): Promise<{ flag: number; bytes: Buffer }> {
  if (!call.headersSent && !call.answerFields?.some(([field]) => field === 'grpc-encoding')) {
    (call.answerFields ??= []).push(['grpc-encoding', name]);
  }
  if (message.length < call.connection.options.compressMinBytes) return { flag: 0, bytes: message };
  try {
    return { flag: 1, bytes: await compress(message) };
  } catch {
    // There is no memory for it, for instance: each message says by itself whether it is compressed.
    return { flag: 0, bytes: message };
  }
}
