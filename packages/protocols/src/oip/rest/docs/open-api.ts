import type { ModelMetadata, TensorMetadata } from '../../infer-types.js';
import { elementCount } from '../../tensor/datatype.js';
import { prefixed, SCHEMAS, schemaRef } from './schemas.js';

/** An OpenAPI 3.1 document, as plain data. */
export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, object>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

const JSON_TYPE = 'application/json';
const BINARY_TYPE = 'application/octet-stream';
const json = (schema: object): object => ({ [JSON_TYPE]: { schema } });
/** What everything that is refused or failed is answered with. */
export const failure = { description: 'Refused or failed', content: json(schemaRef('Error')) };
const FAILURES = { '4XX': failure, '5XX': failure };
const MODEL = pathParameter('model', 'The name of a model');
const VERSION = pathParameter('version', 'A version by its number or name, or an alias');

function pathParameter(name: string, description: string): object {
  return { name, in: 'path', required: true, description, schema: { type: 'string', minLength: 1 } };
}

interface Call {
  readonly id: string;
  readonly summary: string;
  readonly answer: object;
  readonly body?: object;
  readonly example?: object;
  readonly bodyRequired?: boolean;
  /** Also as bytes behind the JSON. */
  readonly binary?: boolean;
  /** What the answer is when it is not well. */
  readonly unwell?: object;
}

function operation(call: Call): object {
  const { id, summary, answer, body, example, bodyRequired = false, binary = false, unwell } = call;
  const bytes = binary && { [BINARY_TYPE]: { schema: { type: 'string', format: 'binary' } } };
  return {
    operationId: id,
    summary,
    ...(body && {
      requestBody: { required: bodyRequired, content: { [JSON_TYPE]: { schema: body, ...(example && { example }) } } },
    }),
    responses: {
      '200': { description: 'OK', content: { ...json(answer), ...bytes } },
      ...(unwell && { '503': { description: 'Not ready', content: json(unwell) } }),
      ...FAILURES,
    },
  };
}

const HEALTH: Readonly<Record<string, object>> = {
  '/v2/health/live': {
    get: operation({
      id: 'live',
      summary: 'Whether the process lives',
      answer: schemaRef('Live'),
      unwell: schemaRef('Live'),
    }),
  },
  '/v2/health/ready': {
    get: operation({
      id: 'ready',
      summary: 'Whether it takes requests',
      answer: schemaRef('Ready'),
      unwell: schemaRef('Ready'),
    }),
  },
  '/v2': {
    get: operation({ id: 'serverMetadata', summary: 'Name, version, extensions', answer: schemaRef('ServerMetadata') }),
  },
};

const REPOSITORY: Readonly<Record<string, object>> = {
  '/v2/models': {
    get: operation({ id: 'models', summary: 'The names of the models', answer: schemaRef('ModelList') }),
  },
  '/v2/models/stats': {
    get: operation({
      id: 'statistics',
      summary: 'Statistics of every model that is loaded',
      answer: schemaRef('Statistics'),
    }),
  },
  '/v2/repository/index': {
    post: operation({
      id: 'index',
      summary: 'Every version of every model and its state',
      answer: schemaRef('Index'),
      body: schemaRef('IndexRequest'),
    }),
  },
  '/v2/repository/models/{model}/load': {
    parameters: [MODEL],
    post: operation({
      id: 'load',
      summary: 'Loads a model, or reads it anew',
      answer: schemaRef('Nothing'),
      body: schemaRef('RepositoryRequest'),
    }),
  },
  '/v2/repository/models/{model}/unload': {
    parameters: [MODEL],
    post: operation({
      id: 'unload',
      summary: 'Lets a model go',
      answer: schemaRef('Nothing'),
      body: schemaRef('RepositoryRequest'),
    }),
  },
  '/v2/trace/setting': settings('Trace', 'trace settings'),
  '/v2/logging': settings('Log', 'log settings'),
};

function settings(id: string, name: string): object {
  return {
    get: operation({ id: `get${id}`, summary: `The ${name}`, answer: schemaRef('Settings') }),
    post: operation({
      id: `set${id}`,
      summary: `Changes ${name}: refused, unless they are so already`,
      answer: schemaRef('Settings'),
      body: schemaRef('Settings'),
    }),
  };
}

/** What can be asked of one model, below its path; `suffix` keeps the ids apart. */
function modelPaths(
  base: string,
  parameters: readonly object[],
  suffix: string,
  request: object,
  response: object,
  example?: object,
): Record<string, object> {
  const get = (id: string, summary: string, answer: object, unwell?: object): object => ({
    ...(parameters.length > 0 && { parameters }),
    get: operation({ id: id + suffix, summary, answer, ...(unwell && { unwell }) }),
  });
  return {
    [base]: get('modelMetadata', 'Inputs, outputs, versions', schemaRef('ModelMetadata')),
    [`${base}/ready`]: get('modelReady', 'Whether it can be asked', schemaRef('ModelReady'), schemaRef('ModelReady')),
    [`${base}/config`]: get('modelConfig', "Triton's ModelConfig", schemaRef('ModelConfig')),
    [`${base}/stats`]: get('modelStatistics', 'Its statistics', schemaRef('Statistics')),
    [`${base}/infer`]: {
      ...(parameters.length > 0 && { parameters }),
      post: operation({
        id: `infer${suffix}`,
        summary: 'Runs it',
        answer: response,
        body: request,
        example,
        bodyRequired: true,
        binary: true,
      }),
    },
  };
}

/** Every call of the server. */
export function serverDocument(
  server: { readonly name: string; readonly version: string },
  prefix: string,
): OpenApiDocument {
  const [request, response] = [schemaRef('InferenceRequest'), schemaRef('InferenceResponse')];
  const paths = {
    ...HEALTH,
    ...REPOSITORY,
    ...modelPaths('/v2/models/{model}', [MODEL], '', request, response),
    ...modelPaths('/v2/models/{model}/versions/{version}', [MODEL, VERSION], 'OfVersion', request, response),
  };
  return documentOf(`${server.name}: Open Inference Protocol`, server.version, below(prefix, paths), SCHEMAS);
}

/** The calls of one model, with its own inputs and outputs. */
export function modelDocument(
  metadata: ModelMetadata,
  version: string | undefined,
  serverVersion: string,
  prefix: string,
): OpenApiDocument {
  const ofVersion = version === undefined ? '' : `/versions/${encodeURIComponent(version)}`;
  const base = `/v2/models/${encodeURIComponent(metadata.name)}${ofVersion}`;
  const own = { ModelRequest: requestSchema(metadata), ModelResponse: responseSchema(metadata) };
  const paths = modelPaths(base, [], '', schemaRef('ModelRequest'), schemaRef('ModelResponse'), exampleOf(metadata));
  return documentOf(metadata.name, version ?? serverVersion, below(prefix, paths), { ...SCHEMAS, ...prefixed(own) });
}

function documentOf(
  title: string,
  version: string,
  paths: Readonly<Record<string, object>>,
  schemas: Readonly<Record<string, object>>,
): OpenApiDocument {
  return { openapi: '3.1.0', info: { title, version }, paths, components: { schemas } };
}

function below(prefix: string, paths: Readonly<Record<string, object>>): Record<string, object> {
  return Object.fromEntries(Object.entries(paths).map(([path, item]) => [prefix + path, item]));
}

function requestSchema({ inputs, outputs }: ModelMetadata): object {
  const names = outputs.map(({ name }) => name);
  return {
    type: 'object',
    properties: {
      id: { type: 'string' },
      parameters: schemaRef('Parameters'),
      inputs: {
        type: 'array',
        minItems: inputs.length,
        maxItems: inputs.length,
        items: oneOf(inputs.map(inputSchema)),
      },
      outputs: {
        type: 'array',
        items: {
          type: 'object',
          properties: { name: { enum: names }, parameters: schemaRef('Parameters') },
          required: ['name'],
        },
      },
    },
    required: ['inputs'],
  };
}

function responseSchema({ outputs }: ModelMetadata): object {
  return {
    type: 'object',
    properties: {
      model_name: { type: 'string' },
      model_version: { type: 'string' },
      id: { type: 'string' },
      outputs: { type: 'array', items: oneOf(outputs.map(outputSchema)) },
    },
    required: ['model_name', 'outputs'],
  };
}

/** Larger requests are no examples. */
const MAX_EXAMPLE_VALUES = 256;
const BLANKS: Readonly<Partial<Record<string, unknown>>> = { BOOL: false, BYTES: '' };

/** A request of one blank row; none where that would be large, or has no form in JSON. */
function exampleOf({ inputs }: ModelMetadata): object | undefined {
  const tensors = inputs.map(({ name, datatype, shape }) => {
    const full = shape.map((size) => (size === -1 ? 1 : size));
    return { name, datatype, shape: full, count: elementCount(full) };
  });
  if (tensors.some(({ datatype, count }) => datatype === 'FP16' || count > MAX_EXAMPLE_VALUES)) return undefined;
  return {
    inputs: tensors.map(({ count, ...tensor }) => ({
      ...tensor,
      data: Array.from({ length: count }, () => BLANKS[tensor.datatype] ?? 0),
    })),
  };
}

function oneOf(schemas: readonly object[]): object {
  return schemas.length === 1 ? schemas[0]! : { anyOf: schemas };
}

function inputSchema(input: TensorMetadata): object {
  const hasJson = input.datatype !== 'FP16';
  return {
    type: 'object',
    properties: {
      name: { const: input.name },
      datatype: { const: input.datatype },
      shape: shapeSchema(input.shape),
      parameters: schemaRef('Parameters'),
      ...(hasJson && { data: dataSchema(input) }),
    },
    required: ['name', 'datatype', 'shape', ...(hasJson ? ['data'] : [])],
  };
}

function outputSchema(output: TensorMetadata): object {
  return {
    type: 'object',
    properties: {
      name: { const: output.name },
      // BYTES where classes were asked for.
      datatype: { enum: [...new Set([output.datatype, 'BYTES'])] },
      shape: { type: 'array', items: { type: 'integer', minimum: 0 } },
      parameters: schemaRef('Parameters'),
      data: { type: 'array', items: { type: ['number', 'string', 'boolean'] } },
    },
    required: ['name', 'datatype', 'shape'],
  };
}

function shapeSchema(shape: readonly number[]): object {
  const prefixItems = shape.map((size) => (size === -1 ? { type: 'integer', minimum: 0 } : { const: size }));
  return { type: 'array', prefixItems, minItems: shape.length, maxItems: shape.length };
}

const VALUES: Readonly<Partial<Record<string, object>>> = {
  BOOL: { type: 'boolean' },
  BYTES: { type: 'string' },
  FP32: { anyOf: [{ type: 'number' }, { enum: ['NaN', 'Infinity', '-Infinity'] }] },
  FP64: { anyOf: [{ type: 'number' }, { enum: ['NaN', 'Infinity', '-Infinity'] }] },
};

function dataSchema({ datatype }: TensorMetadata): object {
  const value = VALUES[datatype] ?? { type: 'integer' };
  return {
    type: 'array',
    description: 'Flat in row-major order, or nested in the shape.',
    items: { anyOf: [...((value as { anyOf?: object[] }).anyOf ?? [value]), { type: 'array' }] },
  };
}
