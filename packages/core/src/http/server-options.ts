import type { FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify';
import type { Socket } from 'node:net';
import { toWireError } from '../errors/wire.js';
import { fromFastify, sendFailure } from './failure.js';
import { publishParserRefusal, watchRefusal } from './http-answer.js';
import { httpError } from './http.errors.js';
import { DEFAULT_BODY_LIMIT_BYTES } from './options.js';
import { freshRequestId, requestIdOf } from './request-id.js';

/** Bounds on how slowly and how large a request may come. */
export interface HttpServerLimits {
  /** A request must have arrived whole within this time. @default 60000 */
  readonly requestTimeoutMs?: number;
  /** A request's headers must have arrived within this time. @default 10000 */
  readonly headersTimeoutMs?: number;
  /** An idle kept-alive connection is closed after this time. @default 72000 */
  readonly keepAliveTimeoutMs?: number;
  /** How often the two request bounds are looked at. @default 1000 */
  readonly checkIntervalMs?: number;
  /** All headers of a request together. Bytes. @default 16384 */
  readonly maxHeaderBytes?: number;
  /** One parameter in a path. Characters. @default 256 */
  readonly maxParamLength?: number;
  /** Which proxies' `x-forwarded-*` headers to believe; see Fastify's `trustProxy`. @default false */
  readonly trustProxy?: FastifyServerOptions['trustProxy'];
}

/** Fastify's options that hold the bounds; `http` reaches `http.createServer` (or `https`) as it is. */
export type WitanFastifyOptions = FastifyServerOptions & { http: Record<string, number> };

/** The options to make a Fastify instance (or Nest's FastifyAdapter) with, so that slow and oversized requests are bounded. */
export function fastifyServerOptions(limits: HttpServerLimits = {}): WitanFastifyOptions {
  const requestTimeout = limits.requestTimeoutMs ?? 60_000;
  const http = {
    headersTimeout: Math.min(limits.headersTimeoutMs ?? 10_000, requestTimeout),
    maxHeaderSize: limits.maxHeaderBytes ?? 16_384,
    connectionsCheckingInterval: limits.checkIntervalMs ?? 1000,
  };
  return {
    http,
    requestTimeout,
    keepAliveTimeout: limits.keepAliveTimeoutMs ?? 72_000,
    routerOptions: { maxParamLength: limits.maxParamLength ?? 256 },
    trustProxy: limits.trustProxy ?? false,
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: answerClientError,
  };
}

/** For what the router refuses before any route is reached: a malformed path. */
function answerFrameworkError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const failure = fromFastify(error, DEFAULT_BODY_LIMIT_BYTES);
  watchRefusal(request, reply, failure.code);
  sendFailure(reply, failure, requestIdOf(request.raw.headers['x-request-id']));
}

const REASONS: Readonly<Record<string, readonly [number, string, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [
    408,
    'Request Timeout',
    'the request did not arrive whole within the time that the server allows',
  ],
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large', 'the headers are larger than the server allows'],
};

/** For what Node's parser refuses: there is no request yet, so the answer is written to the socket. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const [status, reason, message] = REASONS[error.code ?? ''] ?? [
    400,
    'Bad Request',
    'this is not a valid HTTP request',
  ];
  const body = JSON.stringify(
    toWireError(httpError('CORE_ERR_HTTP_REQUEST', message, { httpStatus: status }), freshRequestId()),
  );
  const head =
    `HTTP/1.1 ${status} ${reason}\r\nconnection: close\r\n` +
    `content-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`;
  socket.write(head + body);
  publishParserRefusal(socket, status, 'CORE_ERR_HTTP_REQUEST', body.length);
  socket.destroySoon();
}
