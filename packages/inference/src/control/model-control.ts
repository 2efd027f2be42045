import { Inject, Injectable, Logger, Optional } from '@nestjs/common';
import {
  HTTP_ROUTES,
  type HttpExtension,
  type HttpExtensionSurroundings,
  OPEN_API_PATHS,
  type OpenApiContributor,
  type OpenApiPart,
  type OpenApiSurroundings,
  principalOf,
} from '@witan/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { inferenceError } from '../inference.errors.js';
import { ModelRegistry } from '../module/model-registry.js';
import type { ModelDirectory } from '../repository/model-directory.js';
import { ModelServices } from '../serving/model-services.js';
import { controlPart } from './control-open-api.js';
import { CONTROL_ROUTES, type ControlRoute } from './control-routes.js';
import { type ModelJson, modelJson } from './model-json.js';

/** Lists the application's models and changes which of them are served, over HTTP. */
@Injectable()
export class ModelControl implements HttpExtension, OpenApiContributor {
  private readonly logger = new Logger('ModelControl');

  constructor(
    @Inject(ModelRegistry) private readonly directory: ModelDirectory,
    @Optional() @Inject(ModelServices) private readonly services?: ModelServices,
  ) {}

  [HTTP_ROUTES](scope: FastifyInstance, { prefix }: HttpExtensionSurroundings): void {
    for (const route of CONTROL_ROUTES) {
      scope.route({
        method: route.method,
        url: `${prefix}${route.path}`,
        config: { access: route.access },
        handler: (request, reply) => this.answer(route, request, reply),
      });
    }
  }

  [OPEN_API_PATHS](surroundings: OpenApiSurroundings): OpenApiPart {
    return controlPart(CONTROL_ROUTES, surroundings);
  }

  private async answer(route: ControlRoute, request: FastifyRequest, reply: FastifyReply): Promise<object> {
    const done = await route.run(this.directory, request);
    const by = principalOf(request);
    if (done !== undefined) this.logger.log(by === undefined ? done : `${done}, by ${by}`);
    reply.header('cache-control', 'no-store');
    const { model } = request.params as { model?: string };
    return model === undefined
      ? { models: this.directory.describeAll().map((each) => this.json(each)) }
      : this.one(model);
  }

  private one(name: string): ModelJson {
    const description = this.directory.describe(name);
    if (description) return this.json(description);
    throw inferenceError('INF_ERR_MODEL_NOT_FOUND', `no model ${JSON.stringify(name.slice(0, 255))}: see GET /models`);
  }

  private json(description: ReturnType<ModelDirectory['describeAll']>[number]): ModelJson {
    return modelJson(description, this.services?.whyNone(description.name));
  }
}
