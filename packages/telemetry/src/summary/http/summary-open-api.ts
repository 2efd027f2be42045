import type { Access, OpenApiPart, OpenApiSurroundings } from '@witan/core';

const TAG = 'Models';
const text = { type: 'string' };
const number = { type: ['number', 'null'] };
const count = { type: 'integer' };
const WINDOW = { type: 'string', enum: ['current', 'last', 'start'], default: 'current' };
const MODEL_PARAMETER = { name: 'model', in: 'path', required: true, schema: text };

const NUMBERS = {
  type: 'object',
  required: ['kind', 'cells', 'nulls', 'count', 'nan', 'min', 'max', 'mean', 'variance', 'quantiles'],
  properties: {
    kind: { const: 'number' },
    cells: { ...count, description: 'Rows with a value' },
    nulls: count,
    count: { ...count, description: 'Finite values: several a row for vectors' },
    nan: count,
    positiveInfinities: count,
    negativeInfinities: count,
    min: number,
    max: number,
    mean: number,
    variance: { ...number, description: 'Divided by n - 1' },
    quantiles: { type: 'object', additionalProperties: number },
    quantileError: { type: 'number', description: 'Relative' },
  },
};

const CATEGORIES = {
  type: 'object',
  required: ['kind', 'cells', 'nulls', 'count', 'distinct', 'top'],
  properties: {
    kind: { const: 'category' },
    cells: count,
    nulls: count,
    count,
    distinct: count,
    distinctError: { type: 'number', description: 'Standard error, relative; 0: exact' },
    top: { type: 'array', items: { type: 'object', properties: { value: text, count } } },
    countError: { ...count, description: 'By how much a count may be too low' },
  },
};

const DRIFT = {
  type: 'object',
  required: ['status', 'score', 'raised'],
  properties: {
    status: { type: 'string', enum: ['same', 'drifted', 'few-rows', 'incomparable'] },
    score: { type: 'number', description: "The largest of the tests' shares of their thresholds: 1 is drift" },
    raised: { type: 'boolean', description: 'What the last complete window left' },
    psi: { type: 'object' },
    ks: { type: 'object' },
    chiSquare: { type: 'object' },
  },
};

const FIGURES = { anyOf: [NUMBERS, CATEGORIES] };
const COLUMN = {
  allOf: [FIGURES, { type: 'object', properties: { dtype: text, baseline: FIGURES, drift: DRIFT } }],
};
const COLUMNS = { type: 'object', additionalProperties: COLUMN };

const SUMMARY = {
  type: 'object',
  required: ['model', 'version', 'versions', 'window', 'from', 'to', 'rows', 'sampledRows', 'inputs', 'outputs'],
  properties: {
    model: text,
    version: text,
    versions: { type: 'array', items: text },
    window: WINDOW,
    from: { ...text, format: 'date-time' },
    to: { ...text, format: 'date-time' },
    rows: count,
    sampledRows: { ...count, description: 'Rows that the columns tell of' },
    inputs: COLUMNS,
    outputs: COLUMNS,
    baseline: { type: 'object' },
    skipped: { type: 'object' },
  },
};

/** What the application's OpenAPI document says of the calls about summaries. */
export function summaryPart(access: Access, { prefix, withKey }: OpenApiSurroundings): OpenApiPart {
  const show = {
    operationId: 'getModelSummary',
    tags: [TAG],
    summary: 'What a model was given and answered, column by column, beside its baseline',
    parameters: [
      MODEL_PARAMETER,
      { name: 'version', in: 'query', schema: text, description: 'The one that ran last, unless given' },
      { name: 'window', in: 'query', schema: WINDOW },
      {
        name: 'form',
        in: 'query',
        schema: { type: 'string', enum: ['report', 'state'], default: 'report' },
        description: '`state`: sketches, which can be merged with those of other processes',
      },
    ],
    responses: answers('The summary; another shape for `form=state`', {
      anyOf: [{ $ref: '#/components/schemas/WitanSummary' }, { type: 'object' }],
    }),
  };
  const record = {
    operationId: 'postModelSummaryBaseline',
    tags: [TAG],
    summary: "Make a window the model's baseline",
    description: 'Changes the server: see docs/guide/access.md for who may call it.',
    parameters: [MODEL_PARAMETER],
    requestBody: {
      required: false,
      content: jsonOf({ type: 'object', properties: { version: text, window: WINDOW }, additionalProperties: false }),
    },
    responses: {
      ...answers('The window, now beside itself', { $ref: '#/components/schemas/WitanSummary' }),
      '412': failure('Too few rows'),
      '503': failure('It could not be written'),
    },
  };
  return {
    paths: {
      [`${prefix}/models/{model}/summary`]: { get: access === 'predict' ? withKey(show) : show },
      [`${prefix}/models/{model}/summary/baseline`]: { post: record },
    },
    schemas: { WitanSummary: SUMMARY },
  };
}

function answers(description: string, schema: object): Record<string, object> {
  return {
    '200': { description, content: jsonOf(schema) },
    '400': failure('A parameter or body that is not understood'),
    '401': failure('No key, or one that is not known'),
    '403': failure('Not open to this caller'),
    '404': failure('Nothing is known of that model, version or window'),
  };
}

function jsonOf(schema: object): object {
  return { 'application/json': { schema } };
}

function failure(description: string): object {
  return { description, content: jsonOf({ $ref: '#/components/schemas/WitanError' }) };
}
