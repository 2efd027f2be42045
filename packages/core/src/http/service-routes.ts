import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import { principalOf } from '../access/principals.js';
import { toWitanError } from '../errors/from-unknown.js';
import { DEFAULT_MAX_DECODED_BYTES } from '../schema/json-decoder.js';
import type { DynamicServices } from '../service/dynamic-services.js';
import type { ServiceRuntime } from '../service/runtime.js';
import { logFailure, sendFailure } from './failure.js';
import { httpError } from './http.errors.js';
import { sendNotFound } from './not-found.js';
import {
  DEFAULT_BODY_LIMIT_BYTES,
  DEFAULT_COMPRESSION_MIN_BYTES,
  DEFAULT_MAX_ROWS,
  type HttpServiceDeps,
  type HttpServiceOptions,
} from './options.js';
import { requestIdOf } from './request-id.js';
import { addRouteIfFree } from './route-if-free.js';
import { serviceCodec } from './service-codec.js';
import { servicePath } from './service-path.js';
import { type RouteSurroundings, ServiceRoute } from './service-route.js';
import { TurnBudget } from './turn-budget.js';

type Handle = (request: FastifyRequest, reply: FastifyReply) => void;

const OTHER_METHODS: readonly HTTPMethods[] = ['GET', 'PUT', 'PATCH', 'DELETE'];

/** Puts services on a Fastify instance: POST, and what other methods are answered. */
export class ServiceRoutes {
  private readonly surroundings: RouteSurroundings;

  constructor(
    private readonly scope: FastifyInstance,
    private readonly options: HttpServiceOptions,
    private readonly deps: HttpServiceDeps,
  ) {
    const { clock, logger } = deps;
    const compressionMinBytes = minBytesOf(options.compression);
    const timings = options.timings !== false;
    this.surroundings = { clock, logger, compressionMinBytes, timings, turns: new TurnBudget(clock) };
  }

  add(runtime: ServiceRuntime): void {
    const url = servicePath(runtime.definition.path, this.options.prefix);
    this.scope.route({ method: 'POST', url, handler: this.routeOf(runtime).handle, ...this.postOptions() });
    addRouteIfFree(this.scope, 'OPTIONS', url, tellMethods);
    for (const method of OTHER_METHODS) addRouteIfFree(this.scope, method, url, refuseMethod);
  }

  /** One route for all services that come and go: which one is asked for is looked up for each request. */
  addDynamic(services: DynamicServices): void {
    const url = servicePath(services.pattern, this.options.prefix);
    const asked = (request: FastifyRequest): ServiceRuntime | undefined =>
      services.get((request.params as { '*': string })['*']);
    const ifKnown =
      (answer: Handle): Handle =>
      (request, reply) =>
        asked(request) ? answer(request, reply) : sendNotFound(request, reply);
    // Codecs are made when a service is first called; one that is replaced takes its own with it.
    const routes = new WeakMap<ServiceRuntime, ServiceRoute>();
    const post: Handle = (request, reply) => {
      const runtime = asked(request);
      if (!runtime) return bring(request, reply);
      let route = routes.get(runtime);
      if (!route) routes.set(runtime, (route = this.routeOf(runtime)));
      route.handle(request, reply);
    };
    const bring: Handle = (request, reply) => {
      const coming = services.resolve((request.params as { '*': string })['*']);
      if (!coming) return sendNotFound(request, reply);
      coming.then(
        () => (asked(request) ? post : sendNotFound)(request, reply),
        (thrown: unknown) => this.fail(request, reply, thrown),
      );
    };
    addRouteIfFree(this.scope, 'POST', url, post, this.postOptions());
    addRouteIfFree(this.scope, 'OPTIONS', url, ifKnown(tellMethods));
    for (const method of OTHER_METHODS) addRouteIfFree(this.scope, method, url, ifKnown(refuseMethod));
  }

  private fail(request: FastifyRequest, reply: FastifyReply, thrown: unknown): void {
    const error = toWitanError(thrown);
    const requestId = requestIdOf(request.raw.headers['x-request-id']);
    logFailure(this.deps.logger, error, requestId, `POST ${request.url.split('?', 1)[0]!}`, principalOf(request));
    sendFailure(reply, error, requestId);
  }

  private routeOf(runtime: ServiceRuntime): ServiceRoute {
    const codec = serviceCodec(runtime.definition, {
      maxRows: this.options.maxRows ?? DEFAULT_MAX_ROWS,
      maxDecodedBytes: this.options.maxDecodedBytes ?? DEFAULT_MAX_DECODED_BYTES,
    });
    return new ServiceRoute(runtime, codec, this.surroundings);
  }

  private postOptions(): object {
    const onRequest = this.deps.guard?.('predict');
    return {
      bodyLimit: this.options.bodyLimitBytes ?? DEFAULT_BODY_LIMIT_BYTES,
      ...(onRequest && { onRequest }),
    };
  }
}

function minBytesOf(compression: HttpServiceOptions['compression']): number {
  return compression === false ? Infinity : (compression?.minBytes ?? DEFAULT_COMPRESSION_MIN_BYTES);
}

function tellMethods(_request: FastifyRequest, reply: FastifyReply): void {
  reply.code(204).header('allow', 'POST, OPTIONS').send();
}

function refuseMethod(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('allow', 'POST, OPTIONS');
  const error = httpError('CORE_ERR_HTTP_METHOD', `this path is a service: send POST, not ${request.method}`);
  sendFailure(reply, error, requestIdOf(request.raw.headers['x-request-id']));
}
