import type { FastifyError, FastifyReply } from 'fastify';
import { CATEGORY_STATUS } from '../errors/category.js';
import { coreError } from '../errors/core.errors.js';
import { toWitanError } from '../errors/from-unknown.js';
import { toWireError } from '../errors/wire.js';
import { WitanError } from '../errors/witan-error.js';
import { bodyTooLarge, READABLE_ENCODINGS } from './decompression.js';
import { noteFailure } from './http-answer.js';
import { httpError } from './http.errors.js';
import { DEFAULT_BODY_LIMIT_BYTES, type HttpLogger } from './options.js';

/** Answers with an error: status, `retry-after` and the error body. Headers that were set before stay. */
export function sendFailure(reply: FastifyReply, error: WitanError, requestId: string): void {
  noteFailure(reply, error.code);
  reply.code(error.httpStatus);
  reply.header('x-request-id', requestId);
  reply.header('content-type', 'application/json; charset=utf-8');
  if (error.retryAfterMs !== undefined) reply.header('retry-after', String(Math.ceil(error.retryAfterMs / 1000)));
  if (error.code === 'CORE_ERR_HTTP_CONTENT_ENCODING') reply.header('accept-encoding', READABLE_ENCODINGS);
  reply.send(wireText(error, requestId));
}

/** What is left of an error for a protocol that has an error body of its own. */
export interface HttpFailure {
  readonly status: number;
  /** Stable; listed in docs/errors.md. */
  readonly code: string;
  readonly message: string;
}

/**
 * The status and text of whatever a protocol's route threw, Fastify's own errors too: the same that services give.
 * @internal
 */
export function httpFailure(thrown: unknown, bodyLimitBytes: number = DEFAULT_BODY_LIMIT_BYTES): HttpFailure {
  const { httpStatus, code, message } = fromFastify(thrown, bodyLimitBytes);
  return { status: httpStatus, code, message };
}

/** The error body as text; details that JSON cannot hold (bigints) are left out rather than failing the answer. */
export function wireText(error: WitanError, requestId: string): string {
  try {
    return JSON.stringify(toWireError(error, requestId));
  } catch {
    const { code, category, message } = error;
    return JSON.stringify({ error: { code, status: category, message, requestId } });
  }
}

/** Logs a failure at its category's level; the stack goes with errors that are ours or the user's code's. */
export function logFailure(
  logger: HttpLogger,
  error: WitanError,
  requestId: string,
  where: string,
  principal?: string,
): void {
  const { log } = CATEGORY_STATUS[error.category];
  const text = `${where} failed with ${error.code}: ${error.message} (request ${requestId}${principal === undefined ? '' : `, by ${principal}`})`;
  if (log === 'error') logger.error(text, stackOf(error));
  else if (log === 'warn') logger.warn(text);
  else logger.debug?.(text);
}

/** The stacks of an error and of its causes, outermost first. */
function stackOf(error: Error): string {
  const stacks: string[] = [];
  for (let next: unknown = error; next instanceof Error && stacks.length < 5; next = next.cause) {
    stacks.push(next.stack ?? String(next));
  }
  return stacks.join('\ncaused by: ');
}

/** Fastify's own errors, by code, as Witan's; others go through the common table. */
export function fromFastify(thrown: unknown, bodyLimitBytes: number): WitanError {
  if (WitanError.is(thrown)) return thrown;
  const error = thrown as Partial<FastifyError> | null;
  switch (error?.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return bodyTooLarge('as sent', bodyLimitBytes);
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return httpError('CORE_ERR_HTTP_BODY', 'the body has another length than its content-length header says', {
        cause: thrown,
      });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return httpError('CORE_ERR_HTTP_CONTENT_TYPE', 'the content-type header is not a media type', { cause: thrown });
    case 'FST_ERR_BAD_URL':
      return httpError('CORE_ERR_HTTP_URL', 'the path is not valid percent-encoding', { cause: thrown });
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return httpError('CORE_ERR_HTTP_URL', 'a parameter in the path is too long', { httpStatus: 414, cause: thrown });
    case 'ECONNRESET':
      return coreError('CORE_ERR_CANCELLED', 'the caller disconnected while sending the body', { cause: thrown });
    case 'FST_ERR_HANDLER_TIMEOUT':
      return coreError('CORE_ERR_DEADLINE', 'the handler took longer than handlerTimeout allows', { cause: thrown });
  }
  const status = error?.statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500 && typeof error?.message === 'string') {
    return httpError('CORE_ERR_HTTP_REQUEST', error.message, { httpStatus: status, cause: thrown });
  }
  return toWitanError(thrown);
}
