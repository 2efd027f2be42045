import { Inject, Injectable, Logger, Optional } from '@nestjs/common';
import {
  addRawBodyParser,
  type Clock,
  CLOCK,
  HTTP_ROUTES,
  type HttpExtension,
  type HttpExtensionSurroundings,
  OPEN_API_PATHS,
  type OpenApiContributor,
  type OpenApiPart,
  type OpenApiSurroundings,
  systemClock,
  toWitanError,
  TurnBudget,
} from '@witan/core';
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import type { OipServer } from '../infer-types.js';
import { oipError } from '../oip.errors.js';
import { OIP_OPTIONS } from '../oip.module-definition.js';
import { metadataAccess, type OipOptions } from '../oip-options.js';
import { ModelOipServer } from '../server/model-oip-server.js';
import { applicationPart } from './docs/application-part.js';
import { docsRoutes } from './docs/docs-routes.js';
import { InferRoute } from './infer-route.js';
import { controlRoutes, informationRoutes } from './oip-routes.js';
import { sendRestFailure } from './rest-failure.js';
import { methodsOf, type OipRoute } from './route-list.js';

const DEFAULT_BODY_LIMIT_BYTES = 64 * 1024 * 1024;
const DEFAULT_COMPRESSION_MIN_BYTES = 1024;
const ALL_METHODS: HTTPMethods[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY'];
const SHARED_MEMORY = /^\/v2\/(systemsharedmemory|cudasharedmemory)\//;

/** The protocol over HTTP: its routes below `/v2`, and its own form of errors. */
@Injectable()
export class OipRest implements HttpExtension, OpenApiContributor {
  private readonly logger = new Logger('Oip');
  private readonly clock: Clock;

  constructor(
    @Inject(ModelOipServer) private readonly server: OipServer,
    @Inject(OIP_OPTIONS) private readonly options: OipOptions,
    @Optional() @Inject(CLOCK) clock?: Clock,
  ) {
    this.clock = clock ?? systemClock;
  }

  [HTTP_ROUTES](scope: FastifyInstance, surroundings: HttpExtensionSurroundings): void {
    const bodyLimitBytes = this.options.rest?.bodyLimitBytes ?? DEFAULT_BODY_LIMIT_BYTES;
    const fail = (reply: FastifyReply, thrown: unknown): void => this.fail(reply, thrown, bodyLimitBytes);
    scope.register((own, _, done) => {
      addRawBodyParser(own, bodyLimitBytes);
      own.setErrorHandler((thrown, _request, reply) => fail(reply, thrown));
      const routes = this.routes(surroundings, fail);
      for (const { method, path, access, handle } of routes) {
        own.route({
          method,
          url: surroundings.prefix + path,
          bodyLimit: bodyLimitBytes,
          config: { access },
          handler: handle as (request: FastifyRequest, reply: FastifyReply) => unknown,
        });
      }
      this.addRefusals(own, surroundings.prefix, routes);
      done();
    });
  }

  [OPEN_API_PATHS](surroundings: OpenApiSurroundings): OpenApiPart {
    if (this.options.rest?.docs === false) return { paths: {} };
    return applicationPart(this.server.metadata(), surroundings, metadataAccess(this.options) === 'predict');
  }

  private routes(
    surroundings: HttpExtensionSurroundings,
    fail: (reply: FastifyReply, thrown: unknown) => void,
  ): OipRoute[] {
    const { server, clock, options } = this;
    const { compressionMinBytes = DEFAULT_COMPRESSION_MIN_BYTES, docs = true } = options.rest ?? {};
    const infer = new InferRoute({
      server,
      clock,
      fail,
      turns: new TurnBudget(clock),
      limits: { maxDecodedBytes: surroundings.maxDecodedBytes },
      compressionMinBytes: compressionMinBytes === false ? Infinity : compressionMinBytes,
      timings: surroundings.timings,
    });
    const metadata = metadataAccess(options);
    return [
      ...informationRoutes(server, metadata),
      ...['/v2/models/:model/infer', '/v2/models/:model/versions/:version/infer'].map((path): OipRoute => ({
        method: 'POST',
        path,
        access: 'predict',
        handle: infer.handle,
      })),
      ...controlRoutes(server, metadata),
      ...(docs ? docsRoutes(server, metadata, surroundings.prefix) : []),
    ];
  }

  /** What is left of the paths below `/v2`: other methods, other paths, parts of the protocol that are not served. */
  private addRefusals(scope: FastifyInstance, prefix: string, routes: readonly OipRoute[]): void {
    const methods = methodsOf(routes);
    // Before a body is read, and before Fastify has an opinion on it. `below`: the route's path without the prefix, which
    // an application may have taken from it.
    const refuse = async (below: string, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      const path = request.url.split('?', 1)[0]!.slice(request.routeOptions.url!.length - below.length);
      const allowed = methods(path);
      if (allowed.length > 0) reply.header('allow', [...allowed, 'OPTIONS'].join(', '));
      if (allowed.length > 0 && request.method === 'OPTIONS') return reply.code(204).send();
      throw refusal(request.method, path, allowed);
    };
    const handler = (_request: FastifyRequest, reply: FastifyReply): FastifyReply => reply;
    for (const path of ['/v2', '/v2/*']) {
      const method = ALL_METHODS.filter((each) => path !== '/v2' || each !== 'GET');
      const onRequest = (request: FastifyRequest, reply: FastifyReply) => refuse(path, request, reply);
      scope.route({ method, url: prefix + path, config: { access: 'open' }, onRequest, handler });
    }
  }

  private fail(reply: FastifyReply, thrown: unknown, bodyLimitBytes: number): void {
    if (reply.sent) return;
    const status = sendRestFailure(reply, thrown, bodyLimitBytes);
    if (status !== 500) return;
    const error = toWitanError(thrown);
    this.logger.error(
      `${reply.request.method} ${reply.request.url} failed with ${error.code}: ${error.message}`,
      stackOf(error),
    );
  }
}

function refusal(method: string, path: string, allowed: readonly string[]): Error {
  if (SHARED_MEMORY.test(path)) return oipError('OIP_ERR_UNSUPPORTED', 'shared memory is not supported');
  const shown = path.slice(0, 200);
  // A path that its own route did not take has a name that is longer than any model's.
  if (allowed.length === 0 || allowed.includes(method))
    return oipError('OIP_ERR_PATH', `there is no ${shown} here: see /v2/docs/dataplane.json`);
  return oipError('OIP_ERR_METHOD', `${shown} does not take ${method}: send ${allowed.join(' or ')}`);
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by: ${error.cause.stack}` : '';
  return `${error.stack}${cause}`;
}
