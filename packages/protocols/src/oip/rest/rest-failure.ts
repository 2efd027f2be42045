import type { FastifyReply } from 'fastify';
import { httpFailure, WitanError } from '@witan/core';

/** Statuses that the protocol's clients do not know, and what Triton answers in their place. */
const STATUS: Readonly<Record<number, number>> = { 409: 400, 412: 400, 422: 400, 499: 400 };

/** Answers with an error in the protocol's form; gives its status. */
export function sendRestFailure(reply: FastifyReply, thrown: unknown, bodyLimitBytes: number): number {
  const { status, message } = httpFailure(thrown, bodyLimitBytes);
  const code = STATUS[status] ?? status;
  if (WitanError.is(thrown) && thrown.retryAfterMs !== undefined)
    reply.header('retry-after', String(Math.ceil(thrown.retryAfterMs / 1000)));
  reply.removeHeader('content-encoding');
  reply
    .code(code)
    .header('content-type', 'application/json')
    .send(JSON.stringify({ error: message }));
  return code;
}
