import type { Connection } from '../http2/connection.js';
import type { RequestHeaders } from '../http2/request-headers.js';
import type { BaseCall } from './base-call.js';
import { ACCEPTED, compressionNamed } from './compression.js';
import { parseTimeoutMs } from './grpc-timeout.js';
import { PlainCall, StatusCall } from './refused-calls.js';
import { STATUS } from './status-code.js';
import { StreamCall } from './stream-call.js';
import { UnaryCall } from './unary-call.js';

/** The call for a request whose headers are there and well-formed. */
export function openCall(connection: Connection, id: number, headers: RequestHeaders): BaseCall {
  if (headers.tooLarge) return refuse(STATUS.resourceExhausted, 'the metadata is larger than the server allows');
  if (headers.method !== 'POST') {
    return new PlainCall(connection, id, headers, '405', 'gRPC calls are POST requests\n', [['allow', 'POST']]);
  }
  if (!isGrpc(headers.contentType)) {
    return new PlainCall(connection, id, headers, '415', 'this port takes content-type application/grpc\n');
  }
  const method = connection.methods.find(headers);
  if (method === undefined) return refuse(STATUS.unimplemented, `there is no method ${headers.path!.slice(0, 256)}`);
  if (headers.encoding !== undefined && headers.encoding !== 'identity') {
    if (compressionNamed(headers.encoding) === undefined) {
      const text = `grpc-encoding is ${headers.encoding.slice(0, 32)}, which is none of ${ACCEPTED}`;
      return refuse(STATUS.unimplemented, text, [['grpc-accept-encoding', ACCEPTED]]);
    }
  }
  if (headers.timeout !== undefined) {
    const timeoutMs = parseTimeoutMs(headers.timeout);
    if (timeoutMs === undefined) return refuse(STATUS.internal, 'grpc-timeout is not a number of 8 digits and a unit');
    if (timeoutMs === 0) return refuse(STATUS.deadlineExceeded, 'the deadline has passed');
  }
  return method.kind === 'unary'
    ? new UnaryCall(connection, id, headers, method)
    : new StreamCall(connection, id, headers, method);

  function refuse(code: number, message: string, fields?: readonly (readonly [string, string])[]): BaseCall {
    return new StatusCall(connection, id, headers, { code, message }, fields);
  }
}

/** `application/grpc`, with or without a subtype or parameters. */
function isGrpc(contentType: string | undefined): boolean {
  if (contentType === 'application/grpc' || contentType === 'application/grpc+proto') return true;
  return contentType !== undefined && /^application\/grpc(?:[+;]|$)/i.test(contentType);
}
