import { STATUS } from '../call/status-code.js';
import type { GrpcStatus, GrpcStreamCall, GrpcStreamMethod, GrpcUnaryCall, GrpcUnaryMethod } from './grpc-server.js';

/** How the messages of one method are read and written, for instance by functions that protobufjs or ts-proto made. */
export interface GrpcCodec<Request, Answer> {
  /** `bytes` are only valid during the call. What it throws is INVALID_ARGUMENT to the caller. */
  readonly decode: (bytes: Buffer) => Request;
  readonly encode: (answer: Answer) => Uint8Array;
}

/** A stream with its messages decoded. */
export interface TypedStream<Request, Answer> {
  readonly call: GrpcStreamCall;
  readonly requests: AsyncIterable<Request>;
  /** A promise when the caller must catch up first. */
  write(answer: Answer): Promise<void> | undefined;
}

/**
 * A unary method on objects. What the handler throws becomes its status where it has a gRPC `code` (a number) and
 * `message`, else it is UNKNOWN without its text.
 */
export function unaryMethod<Request, Answer>(
  { decode, encode }: GrpcCodec<Request, Answer>,
  handler: (request: Request, call: GrpcUnaryCall) => Answer | Promise<Answer>,
): GrpcUnaryMethod {
  return {
    kind: 'unary',
    handle(call, bytes) {
      const answer = (value: Answer): void => call.answer(asBuffer(encode(value)));
      const fail = (error: unknown): void => call.fail(statusOf(error));
      try {
        const value = handler(decoded(decode, bytes), call);
        if (value instanceof Promise) void value.then(answer).catch(fail);
        else answer(value);
      } catch (error) {
        fail(error);
      }
    },
  };
}

/** A method that streams either way or both; it ends when the handler's promise does. Errors as for {@link unaryMethod}. */
export function streamMethod<Request, Answer>(
  { decode, encode }: GrpcCodec<Request, Answer>,
  handler: (stream: TypedStream<Request, Answer>) => Promise<void>,
): GrpcStreamMethod {
  async function* requests(call: GrpcStreamCall): AsyncGenerator<Request, void, undefined> {
    for await (const bytes of call.messages) yield decoded(decode, bytes);
  }
  const run = async (call: GrpcStreamCall): Promise<void> => {
    try {
      await handler({ call, requests: requests(call), write: (value) => call.write(asBuffer(encode(value))) });
      call.end();
    } catch (error) {
      call.fail(statusOf(error));
    }
  };
  return { kind: 'stream', handle: (call) => void run(call) };
}

const INVALID_ARGUMENT = 3;

/** A request that is not what the codec reads. */
class UnreadableMessage extends Error {
  readonly code = INVALID_ARGUMENT;
}

function decoded<Request>(decode: (bytes: Buffer) => Request, bytes: Buffer): Request {
  try {
    return decode(bytes);
  } catch (cause) {
    throw new UnreadableMessage('a message cannot be decoded', { cause });
  }
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function statusOf(error: unknown): GrpcStatus {
  const { code, message } = (typeof error === 'object' && error !== null ? error : {}) as Partial<GrpcStatus>;
  if (Number.isInteger(code) && code! > 0 && code! <= 16) return { code: code!, message: String(message ?? '') };
  return { code: STATUS.unknown, message: 'the method failed' };
}
