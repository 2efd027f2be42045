import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import { principalOf } from '../access/principals.js';
import type { ServiceRuntime } from '../service/runtime.js';
import { addRawBodyParser } from './body-parser.js';
import { Connection } from './connection.js';
import { addDocsRoutes } from './docs-page.js';
import { addExtensions } from './extension-scope.js';
import { fromFastify, logFailure, sendFailure } from './failure.js';
import { addOperationsRoutes } from './operations-routes.js';
import { httpError } from './http.errors.js';
import {
  DEFAULT_BODY_LIMIT_BYTES,
  DEFAULT_COMPRESSION_MIN_BYTES,
  DEFAULT_MAX_ROWS,
  type HttpServiceDeps,
  type HttpServiceOptions,
} from './options.js';
import { requestIdOf } from './request-id.js';
import { addRouteIfFree } from './route-if-free.js';
import { DEFAULT_MAX_DECODED_BYTES } from '../schema/json-decoder.js';
import { servicePath } from './service-path.js';
import { serviceCodec } from './service-codec.js';
import { type RouteSurroundings, ServiceRoute } from './service-route.js';
import { TurnBudget } from './turn-budget.js';

const OTHER_METHODS: readonly HTTPMethods[] = ['GET', 'PUT', 'PATCH', 'DELETE'];

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
  if (options.notFound) fastify.setNotFoundHandler((request, reply) => sendNotFound(request, reply));
  fastify.register((scope, _, done) => {
    addRawBodyParser(scope, bodyLimitBytes);
    scope.setErrorHandler((thrown, request, reply) => {
      const error = fromFastify(thrown, bodyLimitBytes);
      const requestId = requestIdOf(request.raw.headers['x-request-id']);
      logFailure(deps.logger, error, requestId, `${request.method} ${request.routeOptions.url}`, principalOf(request));
      sendFailure(reply, error, requestId);
    });
    const turns = new TurnBudget(deps.clock);
    for (const runtime of runtimes) addService(scope, runtime, options, deps, turns);
    addExtensions(scope, {
      extensions: deps.extensions ?? [],
      prefix: options.prefix ?? '',
      guard: deps.guard ?? (() => undefined),
      limits: {
        bodyLimitBytes,
        maxDecodedBytes: options.maxDecodedBytes ?? DEFAULT_MAX_DECODED_BYTES,
        maxRows: options.maxRows ?? DEFAULT_MAX_ROWS,
      },
    });
    addOperationsRoutes(scope, options, deps);
    addDocsRoutes(scope, options);
    done();
  });
}

/** Answers that there is nothing at this path, in Witan's error form. */
export function sendNotFound(request: FastifyRequest, reply: FastifyReply): void {
  const path = request.url.split('?', 1)[0]!;
  const error = httpError(
    'CORE_ERR_HTTP_NOT_FOUND',
    `nothing answers ${request.method} ${path.slice(0, 200)}: see /openapi.json`,
  );
  sendFailure(reply, error, requestIdOf(request.raw.headers['x-request-id']));
}

function addService(
  scope: FastifyInstance,
  runtime: ServiceRuntime,
  options: HttpServiceOptions,
  deps: HttpServiceDeps,
  turns: TurnBudget,
): void {
  const { definition } = runtime;
  const url = servicePath(definition.path, options.prefix);
  const bodyLimit = options.bodyLimitBytes ?? DEFAULT_BODY_LIMIT_BYTES;
  const surroundings: RouteSurroundings = {
    clock: deps.clock,
    logger: deps.logger,
    compressionMinBytes: compressionMinBytes(options.compression),
    turns,
  };
  const codec = serviceCodec(definition, {
    maxRows: options.maxRows ?? DEFAULT_MAX_ROWS,
    maxDecodedBytes: options.maxDecodedBytes ?? DEFAULT_MAX_DECODED_BYTES,
  });
  const route = new ServiceRoute(runtime, codec, surroundings);
  const onRequest = deps.guard?.('predict');
  scope.route({ method: 'POST', url, bodyLimit, handler: route.handle, ...(onRequest && { onRequest }) });
  addRouteIfFree(
    scope,
    'OPTIONS',
    url,
    (_request, reply) => void reply.code(204).header('allow', 'POST, OPTIONS').send(),
  );
  for (const method of OTHER_METHODS) addRouteIfFree(scope, method, url, refuseMethod);
}

function compressionMinBytes(compression: HttpServiceOptions['compression']): number {
  return compression === false ? Infinity : (compression?.minBytes ?? DEFAULT_COMPRESSION_MIN_BYTES);
}

function refuseMethod(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('allow', 'POST, OPTIONS');
  const error = httpError('CORE_ERR_HTTP_METHOD', `this path is a service: send POST, not ${request.method}`);
  sendFailure(reply, error, requestIdOf(request.raw.headers['x-request-id']));
}

/** Every connection is watched from its start: a caller may end its side while a hook still runs. */
function watchConnections(fastify: FastifyInstance, deps: HttpServiceDeps): void {
  const event = 'setSecureContext' in fastify.server ? 'secureConnection' : 'connection';
  fastify.server.on(event, (socket) => void Connection.of(socket, deps.clock));
}
