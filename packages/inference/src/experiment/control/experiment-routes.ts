import type { Access } from '@witan/core';
import type { FastifyRequest } from 'fastify';
import type { ExperimentRegistry } from '../experiment-registry.js';
import { summaryOf } from '../outcomes/summary.js';
import { changeOf, confidenceOf, outcomesOf } from './experiment-body.js';
import { experimentJson } from './experiment-json.js';

/** One call about experiments. */
export interface ExperimentRoute {
  readonly method: 'GET' | 'POST' | 'PATCH';
  /** Below the prefix, in Fastify's form. */
  readonly path: string;
  readonly access: Access;
  readonly summary: string;
  /** The schema of what it answers. */
  readonly answers: 'WitanExperiments' | 'WitanExperiment' | 'WitanExperimentSummary' | 'WitanOutcomesCounted';
  readonly takes?: 'WitanExperimentChange' | 'WitanOutcomes';
  run(registry: ExperimentRegistry, request: FastifyRequest, epochMs: number): object | Promise<object>;
  /** What is logged, of a call that changed something. */
  done?(name: string, request: FastifyRequest): string;
}

/** Experiments are read by whoever may predict, as models are; only changing them is control. */
export const EXPERIMENT_ROUTES: readonly ExperimentRoute[] = [
  {
    method: 'GET',
    path: '/experiments',
    access: 'predict',
    summary: 'All experiments: variants, weights, counts',
    answers: 'WitanExperiments',
    run: (registry, _, epochMs) => ({ experiments: registry.list().map((each) => experimentJson(each, epochMs)) }),
  },
  {
    method: 'GET',
    path: '/experiments/:experiment',
    access: 'predict',
    summary: 'One experiment: variants, weights, counts',
    answers: 'WitanExperiment',
    run: (registry, request, epochMs) => experimentJson(registry.get(nameOf(request)), epochMs),
  },
  {
    method: 'PATCH',
    path: '/experiments/:experiment',
    access: 'control',
    summary: 'Change weights, the kill switch or the ramp, at once',
    answers: 'WitanExperiment',
    takes: 'WitanExperimentChange',
    async run(registry, request, epochMs) {
      const name = nameOf(request);
      registry.get(name);
      await registry.change(name, changeOf(request.body));
      return experimentJson(registry.get(name), epochMs);
    },
    done: (name, { body }) => `experiment '${name}' changed: ${String(body).slice(0, 500)}`,
  },
  {
    method: 'POST',
    path: '/experiments/:experiment/outcomes',
    access: 'predict',
    summary: 'Report what came of requests, by request id or by key',
    answers: 'WitanOutcomesCounted',
    takes: 'WitanOutcomes',
    run(registry, request) {
      const { outcomes } = registry.get(nameOf(request));
      return outcomes.reportAll(outcomesOf(request.body));
    },
  },
  {
    method: 'GET',
    path: '/experiments/:experiment/summary',
    access: 'predict',
    summary:
      'Rates and means by variant, their differences from the control with intervals, and the sample-ratio check',
    answers: 'WitanExperimentSummary',
    run(registry, request) {
      const { plan, outcomes } = registry.get(nameOf(request));
      return summaryOf(plan, outcomes, confidenceOf(request.query));
    },
  },
];

function nameOf({ params }: FastifyRequest): string {
  return (params as { experiment: string }).experiment;
}
