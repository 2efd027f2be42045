import type { OpenApiPart, OpenApiSurroundings } from '@witan/core';
import type { ExperimentRoute } from './experiment-routes.js';

const TAG = 'Experiments';
const text = { type: 'string' };
const flag = { type: 'boolean' };
const number = { type: 'number' };
const count = { type: 'integer', minimum: 0 };
const share = { type: 'number', minimum: 0, maximum: 1 };

const RAMP = {
  type: 'object',
  required: ['variant', 'to', 'start', 'durationMs'],
  properties: {
    variant: text,
    from: { ...share, description: 'Without: its weight' },
    to: share,
    start: { oneOf: [{ type: 'string', format: 'date-time' }, number] },
    durationMs: { type: 'number', exclusiveMinimum: 0 },
    steps: { type: 'integer', minimum: 1, description: 'Without: in a straight line' },
  },
  additionalProperties: false,
};

const VARIANT = counted(['name', 'model', 'weight'], { name: text, model: text, weight: share }, [
  'requests',
  'rows',
  'errors',
  'forced',
  'fallbacks',
]);

const SHADOW = counted(
  ['model', 'sample', 'maxDifference'],
  { model: text, sample: share, matchRate: share, maxDifference: number, meanDurationMs: number },
  ['compared', 'rows', 'matchedRows', 'failed', 'unavailable', 'dropped'],
);

const EXPERIMENT = counted(
  ['name', 'control', 'key', 'killed', 'variants', 'shadows', 'remembered'],
  {
    name: text,
    control: text,
    key: text,
    killed: flag,
    ramp: RAMP,
    variants: { type: 'array', items: VARIANT },
    shadows: { type: 'array', items: SHADOW },
    remembered: counted([], {}, ['keys', 'requests']),
  },
  ['shadowQueue', 'unassigned'],
);

const OUTCOME = {
  type: 'object',
  required: ['metric'],
  properties: {
    requestId: { ...text, minLength: 1, maxLength: 1024, description: 'This, or the key' },
    key: { ...text, minLength: 1, maxLength: 1024 },
    metric: { ...text, pattern: '^[A-Za-z][A-Za-z0-9_.-]{0,63}$' },
    value: { oneOf: [flag, number], default: true },
  },
  additionalProperties: false,
};

const INTERVAL = { type: 'object', properties: { value: number, low: number, high: number } };

const SUMMARY = counted(
  ['experiment', 'control', 'confidence', 'since', 'variants', 'differences', 'sampleRatio'],
  {
    experiment: text,
    control: text,
    confidence: number,
    since: { type: 'string', format: 'date-time' },
    variants: {
      type: 'object',
      additionalProperties: { type: 'object' },
      description: 'Units and metrics, by variant',
    },
    differences: {
      type: 'object',
      additionalProperties: { type: 'object', additionalProperties: INTERVAL },
      description: 'Of each variant less the control, by variant and metric',
    },
    sampleRatio: {
      type: 'object',
      required: ['ok', 'chiSquare', 'df', 'p'],
      properties: { ok: flag, chiSquare: number, df: count, p: share },
    },
  },
  ['crossovers', 'forgottenUnits', 'unknownOutcomes', 'duplicateOutcomes'],
);

const SCHEMAS = {
  WitanExperiment: EXPERIMENT,
  WitanExperiments: {
    type: 'object',
    required: ['experiments'],
    properties: { experiments: { type: 'array', items: { $ref: '#/components/schemas/WitanExperiment' } } },
  },
  WitanExperimentChange: {
    type: 'object',
    properties: {
      weights: { type: 'object', additionalProperties: share, description: 'The control gets what the others leave' },
      killed: { ...flag, description: 'Everything to the control' },
      ramp: { oneOf: [RAMP, { type: 'null' }] },
    },
    additionalProperties: false,
  },
  WitanOutcomes: { oneOf: [OUTCOME, { type: 'array', maxItems: 1000, items: OUTCOME }] },
  WitanOutcomesCounted: counted([], {}, ['counted', 'duplicate', 'unknown']),
  WitanExperimentSummary: SUMMARY,
};

const FAILURES: Readonly<Record<string, string>> = {
  '400': 'A body that is not understood, or does not fit the experiment',
  '401': 'No key, or one that is not known',
  '403': 'Calls that change experiments are not open to this caller',
  '404': 'No such experiment',
  '500': 'The change holds, and could not be kept for the next start',
};

/** What the application's OpenAPI document says of the calls about experiments. */
export function experimentPart(
  routes: readonly ExperimentRoute[],
  { prefix, withKey }: OpenApiSurroundings,
): OpenApiPart {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const operation = operationOf(route);
    const item = (paths[`${prefix}${route.path.replace(/:(\w+)/g, '{$1}')}`] ??= {});
    item[route.method.toLowerCase()] = route.access === 'predict' ? withKey(operation) : operation;
  }
  return { paths, schemas: SCHEMAS };
}

function operationOf({ method, path, summary, access, answers, takes }: ExperimentRoute): object {
  const parameters: object[] = path.includes(':experiment')
    ? [{ name: 'experiment', in: 'path', required: true, schema: text }]
    : [];
  if (answers === 'WitanExperimentSummary')
    parameters.push({
      name: 'confidence',
      in: 'query',
      schema: { ...number, minimum: 0.5, maximum: 0.9999, default: 0.95 },
    });
  return {
    operationId: `${method.toLowerCase()}${path.replace(/[/:]+(\w)/g, (_, first: string) => first.toUpperCase())}`,
    tags: [TAG],
    summary,
    ...(access === 'control' && { description: 'Changes the server: see docs/guide/access.md for who may call it.' }),
    parameters,
    ...(takes && { requestBody: { required: true, content: jsonOf(takes) } }),
    responses: {
      '200': { description: summary, content: jsonOf(answers) },
      ...Object.fromEntries(
        Object.entries(FAILURES).map(([status, description]) => [
          status,
          { description, content: jsonOf('WitanError') },
        ]),
      ),
    },
  };
}

function jsonOf(schema: string): object {
  return { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } };
}

function counted(required: readonly string[], properties: object, counts: readonly string[]): object {
  return {
    type: 'object',
    required: [...required, ...counts],
    properties: { ...properties, ...Object.fromEntries(counts.map((name) => [name, count])) },
  };
}
