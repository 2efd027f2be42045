import type { FastifyReply } from 'fastify';
import { httpFailure, noteFailure, WitanError } from '@witan/core';

/** Statuses that the protocol's clients do not know, and what Triton answers in their place. */
const STATUS: Readonly<Record<number, number>> = { 409: 400, 412: 400, 422: 400, 499: 400 };

/** Messages name what was sent, which may be megabytes; this much of it says enough. */
const MAX_MESSAGE_CHARS = 1024;

/** Answers with an error in the protocol's form; gives its status. */
export function sendRestFailure(reply: FastifyReply, thrown: unknown, bodyLimitBytes: number): number {
  const { status, message, code: failure } = httpFailure(thrown, bodyLimitBytes);
  noteFailure(reply, failure);
  const code = STATUS[status] ?? status;
  if (WitanError.is(thrown) && thrown.retryAfterMs !== undefined)
    reply.header('retry-after', String(Math.ceil(thrown.retryAfterMs / 1000)));
  reply.removeHeader('content-encoding');
  reply
    .code(code)
    .header('content-type', 'application/json')
    .send(JSON.stringify({ error: cut(message) }));
  return code;
}

function cut(message: string): string {
  return message.length > MAX_MESSAGE_CHARS ? `${message.slice(0, MAX_MESSAGE_CHARS).toWellFormed()}…` : message;
}
