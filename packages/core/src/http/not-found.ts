import type { FastifyReply, FastifyRequest } from 'fastify';
import { sendFailure } from './failure.js';
import { httpError } from './http.errors.js';
import { requestIdOf } from './request-id.js';

/** Answers that there is nothing at this path, in Witan's error form. */
export function sendNotFound(request: FastifyRequest, reply: FastifyReply): void {
  const path = request.url.split('?', 1)[0]!;
  const error = httpError(
    'CORE_ERR_HTTP_NOT_FOUND',
    `nothing answers ${request.method} ${path.slice(0, 200)}: see /openapi.json`,
  );
  sendFailure(reply, error, requestIdOf(request.raw.headers['x-request-id']));
}
