import type { FastifyInstance } from 'fastify';
import { principalOf } from '../access/principals.js';
import { DEFAULT_MAX_DECODED_BYTES } from '../schema/json-decoder.js';
import type { ServiceRuntime } from '../service/runtime.js';
import { addRawBodyParser } from './body-parser.js';
import { Connection } from './connection.js';
import { addDocsRoutes } from './docs-page.js';
import { addExtensions } from './extension-scope.js';
import { fromFastify, logFailure, sendFailure } from './failure.js';
import { sendNotFound } from './not-found.js';
import { watchAnswers } from './http-answer.js';
import { addOperationsRoutes } from './operations-routes.js';
import {
  DEFAULT_BODY_LIMIT_BYTES,
  DEFAULT_MAX_ROWS,
  type HttpServiceDeps,
  type HttpServiceOptions,
} from './options.js';
import { requestIdOf } from './request-id.js';
import { ServiceRoutes } from './service-routes.js';

/**
 * Serves services over HTTP on a Fastify instance: Nest's, or one of your own, before it listens and, so that the
 * application's own routes win, after they were added. The routes live in a scope of their own: body parsers and error
 * handlers do not leak either way, while hooks of the given instance (CORS, helmet, authentication) apply.
 */
export function registerHttpServices(
  fastify: FastifyInstance,
  runtimes: readonly ServiceRuntime[],
  options: HttpServiceOptions,
  deps: HttpServiceDeps,
): void {
  const bodyLimitBytes = options.bodyLimitBytes ?? DEFAULT_BODY_LIMIT_BYTES;
  watchConnections(fastify, deps);
  watchAnswers(fastify, deps.clock);
  if (options.notFound) fastify.setNotFoundHandler((request, reply) => sendNotFound(request, reply));
  fastify.register((scope, _, done) => {
    addRawBodyParser(scope, bodyLimitBytes);
    scope.setErrorHandler((thrown, request, reply) => {
      const error = fromFastify(thrown, bodyLimitBytes);
      const requestId = requestIdOf(request.raw.headers['x-request-id']);
      logFailure(deps.logger, error, requestId, `${request.method} ${request.routeOptions.url}`, principalOf(request));
      sendFailure(reply, error, requestId);
    });
    const services = new ServiceRoutes(scope, options, deps);
    for (const runtime of runtimes) services.add(runtime);
    if (deps.dynamic?.enabled) services.addDynamic(deps.dynamic);
    addExtensions(scope, {
      extensions: deps.extensions ?? [],
      prefix: options.prefix ?? '',
      guard: deps.guard ?? (() => undefined),
      limits: {
        bodyLimitBytes,
        maxDecodedBytes: options.maxDecodedBytes ?? DEFAULT_MAX_DECODED_BYTES,
        maxRows: options.maxRows ?? DEFAULT_MAX_ROWS,
        timings: options.timings !== false,
      },
    });
    addOperationsRoutes(scope, options, deps);
    addDocsRoutes(scope, options);
    done();
  });
}

/** Every connection is watched from its start: a caller may end its side while a hook still runs. */
function watchConnections(fastify: FastifyInstance, deps: HttpServiceDeps): void {
  const event = 'setSecureContext' in fastify.server ? 'secureConnection' : 'connection';
  fastify.server.on(event, (socket) => void Connection.of(socket, deps.clock));
}
