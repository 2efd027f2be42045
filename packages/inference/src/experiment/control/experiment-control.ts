import { Inject, Injectable, Logger, Optional } from '@nestjs/common';
import {
  type Clock,
  CLOCK,
  HTTP_ROUTES,
  type HttpExtension,
  type HttpExtensionSurroundings,
  OPEN_API_PATHS,
  type OpenApiContributor,
  type OpenApiPart,
  type OpenApiSurroundings,
  principalOf,
  systemClock,
} from '@witan/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ExperimentRegistry } from '../experiment-registry.js';
import { experimentPart } from './experiment-open-api.js';
import { EXPERIMENT_ROUTES, type ExperimentRoute } from './experiment-routes.js';

/** Lists experiments, changes them, and takes outcomes, over HTTP. */
@Injectable()
export class ExperimentControl implements HttpExtension, OpenApiContributor {
  private readonly logger = new Logger('Experiments');
  private readonly clock: Clock;

  constructor(
    @Inject(ExperimentRegistry) private readonly registry: ExperimentRegistry,
    @Optional() @Inject(CLOCK) clock?: Clock,
  ) {
    this.clock = clock ?? systemClock;
  }

  [HTTP_ROUTES](scope: FastifyInstance, { prefix }: HttpExtensionSurroundings): void {
    if (this.registry.list().length === 0) return;
    for (const route of EXPERIMENT_ROUTES) {
      scope.route({
        method: route.method,
        url: `${prefix}${route.path}`,
        config: { access: route.access },
        handler: (request, reply) => this.answer(route, request, reply),
      });
    }
  }

  [OPEN_API_PATHS](surroundings: OpenApiSurroundings): OpenApiPart {
    if (this.registry.list().length === 0) return { paths: {} };
    return experimentPart(EXPERIMENT_ROUTES, surroundings);
  }

  private async answer(route: ExperimentRoute, request: FastifyRequest, reply: FastifyReply): Promise<object> {
    const answer = await route.run(this.registry, request, this.clock.epochMs());
    if (route.done) {
      const by = principalOf(request);
      const done = route.done((request.params as { experiment: string }).experiment, request);
      this.logger.log(by === undefined ? done : `${done}, by ${by}`);
    }
    reply.header('cache-control', 'no-store');
    return answer;
  }
}
