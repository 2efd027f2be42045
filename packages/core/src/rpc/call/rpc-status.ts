import { toWitanError } from '../../errors/from-unknown.js';
import type { WitanError } from '../../errors/witan-error.js';
import type { Violation } from '../../schema/spec.js';
import { ProtoWriter } from '../codec/proto-writer.js';
import { protoName } from '../proto/proto-name.js';
import type { RpcStatus } from '../server/rpc-server.js';

/** Clients bound their header lists (often at 8 KiB); details beyond this much are left out. */
const MAX_DETAILS_BYTES = 4096;
const TYPE_PREFIX = 'type.googleapis.com/google.rpc.';

const writer = new ProtoWriter();

/**
 * The gRPC status of whatever went wrong: code by the category, the message, and `google.rpc.Status` with ErrorInfo
 * (reason: Witan's code), BadRequest (one field violation per broken rule), RetryInfo and RequestInfo.
 */
export function rpcStatusOf(thrown: unknown, requestId?: string): RpcStatus {
  const error = toWitanError(thrown);
  return {
    code: error.grpcStatus,
    message: error.message,
    errorCode: error.code,
    details: statusDetails(error, requestId),
  };
}

/**
 * The gRPC status of whatever a protocol's method threw: the same code, text and details that services give.
 * @internal
 */
export function rpcFailure(thrown: unknown): RpcStatus {
  return rpcStatusOf(thrown);
}

function statusDetails(error: WitanError, requestId: string | undefined): Buffer {
  const details: [string, Buffer][] = [['ErrorInfo', errorInfo(error)]];
  if (error.retryAfterMs !== undefined) details.push(['RetryInfo', retryInfo(error.retryAfterMs)]);
  if (requestId !== undefined) details.push(['RequestInfo', message(() => text(1, requestId))]);
  const violations = error.details?.violations;
  if (Array.isArray(violations) && violations.length > 0)
    details.push(['BadRequest', badRequest(violations as Violation[])]);
  return message(() => {
    for (let i = details.length - 1; i >= 0; i--) {
      const [type, bytes] = details[i]!;
      nested(3, () => {
        writer.block(bytes);
        writer.uint32(2 * 8 + 2);
        text(1, TYPE_PREFIX + type);
      });
    }
    text(2, error.message.slice(0, 512));
    writer.uint32(error.grpcStatus);
    writer.uint32(8);
  });
}

function errorInfo(error: WitanError): Buffer {
  return message(() => {
    text(2, 'witan');
    text(1, error.code);
  });
}

function retryInfo(retryAfterMs: number): Buffer {
  const ms = Math.ceil(retryAfterMs);
  return message(() =>
    nested(1, () => {
      writer.int32((ms % 1000) * 1_000_000);
      writer.uint32(2 * 8);
      writer.int32(Math.floor(ms / 1000));
      writer.uint32(8);
    }),
  );
}

function badRequest(violations: readonly Violation[]): Buffer {
  const fits: Violation[] = [];
  let bytes = 0;
  for (const violation of violations) {
    bytes += 24 + fieldPath(violation).length + violation.message.length * 2 + violation.rule.length;
    if (bytes > MAX_DETAILS_BYTES) break;
    fits.push(violation);
  }
  return message(() => {
    for (let i = fits.length - 1; i >= 0; i--) {
      nested(1, () => {
        text(3, fits[i]!.rule);
        text(2, fits[i]!.message);
        text(1, fieldPath(fits[i]!));
      });
    }
  });
}

/** `rows[3].petal_length`; a parameter or a column as a whole by its field name. */
function fieldPath({ row, column }: Violation): string {
  return row >= 0 ? `rows[${row}].${protoName(column)}` : protoName(column);
}

function message(write: () => void): Buffer {
  write();
  return writer.finish();
}

function nested(field: number, write: () => void): void {
  const mark = writer.length;
  write();
  writer.uint32(writer.length - mark);
  writer.uint32(field * 8 + 2);
}

function text(field: number, value: string): void {
  writer.string(value);
  writer.uint32(field * 8 + 2);
}
