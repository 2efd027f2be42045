import { Inject, Injectable, Optional } from '@nestjs/common';
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
  systemClock,
} from '@witan/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Summaries } from '../summaries.js';
import { summaryPart } from './summary-open-api.js';
import { bodyOf, queryOf, type SummaryQuery } from './summary-query.js';

/** Reports of many columns take milliseconds to make: each is made at most once in this time. */
const FRESH_MS = 1000;
const MAX_TEXTS = 64;

interface MadeText {
  readonly text: string;
  readonly madeAt: number;
}

/** `GET /models/:model/summary` and the call that records a baseline. */
@Injectable()
export class SummaryRoutes implements HttpExtension, OpenApiContributor {
  private readonly clock: Clock;
  private readonly made = new Map<string, MadeText>();

  constructor(
    @Inject(Summaries) private readonly summaries: Summaries,
    @Optional() @Inject(CLOCK) clock?: Clock,
  ) {
    this.clock = clock ?? systemClock;
  }

  [HTTP_ROUTES](scope: FastifyInstance, { prefix }: HttpExtensionSurroundings): void {
    const { models } = this.summaries;
    if (!models) return;
    scope.route({
      method: 'GET',
      url: `${prefix}/models/:model/summary`,
      config: { access: models.options.access },
      handler: (request, reply) => this.show(request, reply),
    });
    scope.route({
      method: 'POST',
      url: `${prefix}/models/:model/summary/baseline`,
      config: { access: 'control' },
      handler: (request, reply) => this.record(request, reply),
    });
  }

  [OPEN_API_PATHS](surroundings: OpenApiSurroundings): OpenApiPart {
    const { models } = this.summaries;
    return models ? summaryPart(models.options.access, surroundings) : { paths: {} };
  }

  private async show(request: FastifyRequest, reply: FastifyReply): Promise<string> {
    const query = queryOf(request.query, ['version', 'window', 'form']);
    void reply.type('application/json; charset=utf-8').header('cache-control', 'no-store');
    return this.textOf(modelOf(request), query);
  }

  private async record(request: FastifyRequest, reply: FastifyReply): Promise<object> {
    const { version, window } = queryOf(bodyOf(request.body), ['version', 'window']);
    const report = await this.summaries.recordBaseline(modelOf(request), version, window);
    this.made.clear();
    void reply.header('cache-control', 'no-store');
    return report;
  }

  private textOf(model: string, { version, window, form }: SummaryQuery): string {
    const key = JSON.stringify([model, version, window, form]);
    const now = this.clock.now();
    const made = this.made.get(key);
    if (made && now - made.madeAt >= 0 && now - made.madeAt < FRESH_MS) return made.text;
    const { summaries } = this;
    const text = JSON.stringify(summaries[form](model, version, window));
    if (this.made.size >= MAX_TEXTS) this.made.clear();
    this.made.set(key, { text, madeAt: now });
    return text;
  }
}

function modelOf(request: FastifyRequest): string {
  return (request.params as { model: string }).model;
}
