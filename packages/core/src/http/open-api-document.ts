import type { ServiceDefinition, ServiceRuntime } from '../service/runtime.js';
import { ARROW_TYPE, JSON_TYPE, NDJSON_TYPE, SSE_TYPE } from './media-types.js';
import type { SchemaSpec } from '../schema/spec.js';
import { jsonSchemaOf } from '../schema/json-schema.js';
import { type PathPrefix, servicePath } from './service-path.js';

export interface OpenApiInfo {
  readonly title: string;
  readonly version: string;
  readonly description?: string;
}

/** An OpenAPI 3.1 document, as plain data. */
export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: OpenApiInfo;
  readonly paths: Record<string, object>;
  readonly components: {
    readonly schemas: Record<string, object>;
    readonly securitySchemes?: Record<string, object>;
  };
}

export interface OpenApiOptions {
  readonly prefix?: PathPrefix;
  /** Services ask for a key. @default false */
  readonly needsKey?: boolean;
}

/** Describes the services (not the application's controllers) as OpenAPI 3.1, from the schemas that they are served by. */
export function openApiDocument(
  runtimes: readonly ServiceRuntime[],
  info: OpenApiInfo,
  { prefix, needsKey = false }: OpenApiOptions = {},
): OpenApiDocument {
  const schemas: Record<string, object> = { WitanError: WIRE_ERROR };
  const paths: Record<string, object> = {};
  for (const { definition } of runtimes) {
    const path = servicePath(definition.path, prefix).replace(/:([A-Za-z_]\w*)/g, '{$1}');
    const operation = operationOf(definition, schemas);
    paths[path] = { post: needsKey ? withKey(operation) : operation };
  }
  return { openapi: '3.1.0', info, paths, components: { schemas, ...(needsKey && { securitySchemes: KEY_SCHEMES }) } };
}

/** Either header will do. */
export const KEY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer' },
  apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
};

/** An operation that asks for a key, and what it answers without one. */
export function withKey(operation: object): object {
  return {
    ...operation,
    security: [{ bearer: [] }, { apiKey: [] }],
    responses: {
      ...(operation as { responses?: object }).responses,
      '401': errorAnswer('No key, or one that is not known'),
    },
  };
}

function operationOf(definition: ServiceDefinition, schemas: Record<string, object>): object {
  const input = recordRef(definition.input, schemas);
  const output = recordRef(definition.output, schemas);
  return {
    operationId: definition.name,
    tags: [definition.name],
    ...(definition.description !== undefined && { description: definition.description }),
    parameters: [...definition.params.map(parameterOf), ...COMMON_PARAMETERS],
    requestBody: { required: true, content: requestContent(input) },
    responses: {
      '200': { description: 'One row for each row of the request', headers: ID_HEADER, content: answerContent(output) },
      ...ERRORS,
    },
  };
}

function parameterOf({
  name,
  in: place,
  required,
  schema = { type: 'string' },
}: ServiceDefinition['params'][number]): object {
  return { name, in: place, required, schema };
}

/** A reference to a schema's record, which is put among the components; any object for an untyped service. */
function recordRef(spec: ServiceDefinition['input'], schemas: Record<string, object>): RecordSchema {
  if (!spec) return { record: { type: 'object' }, names: undefined };
  const ref = `#/components/schemas/${componentOf(spec, schemas)}`;
  return {
    record: { $ref: ref },
    names: spec.columns.map((column) => ({
      name: column.name,
      ref: `${ref}/properties/${escapePointer(column.name)}`,
    })),
  };
}

/** The name of a schema's component: another one's of the same name gets a number behind it. */
function componentOf(spec: SchemaSpec, schemas: Record<string, object>): string {
  const schema = jsonSchemaOf(spec);
  const text = JSON.stringify(schema);
  const name = spec.name.replace(/[^A-Za-z0-9._-]+/g, '_');
  for (let n = 1; ; n++) {
    const key = n === 1 ? name : `${name}_${n}`;
    schemas[key] ??= schema;
    if (schemas[key] === schema || JSON.stringify(schemas[key]) === text) return key;
  }
}

interface RecordSchema {
  readonly record: object;
  readonly names: readonly { readonly name: string; readonly ref: string }[] | undefined;
}

/** JSON pointer inside a URI fragment. */
function escapePointer(name: string): string {
  return encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'));
}

function columnsSchema({ names }: RecordSchema): object {
  const anyColumn = { type: 'array' };
  if (!names) return { type: 'object', additionalProperties: anyColumn };
  return {
    type: 'object',
    properties: Object.fromEntries(names.map(({ name, ref }) => [name, { type: 'array', items: { $ref: ref } }])),
  };
}

function requestContent(input: RecordSchema): object {
  const records = { type: 'array', items: input.record };
  return {
    [JSON_TYPE]: {
      schema: {
        oneOf: [
          records,
          { type: 'object', required: ['records'], properties: { records } },
          { type: 'object', required: ['columns'], properties: { columns: columnsSchema(input) } },
        ],
      },
    },
    [ARROW_TYPE]: { schema: { type: 'string', format: 'binary' } },
  };
}

function answerContent(output: RecordSchema): object {
  const id = { type: 'string' };
  return {
    [JSON_TYPE]: {
      schema: {
        oneOf: [
          {
            type: 'object',
            required: ['id', 'records'],
            properties: { id, records: { type: 'array', items: output.record } },
          },
          { type: 'object', required: ['id', 'columns'], properties: { id, columns: columnsSchema(output) } },
        ],
      },
    },
    [ARROW_TYPE]: { schema: { type: 'string', format: 'binary' } },
    [NDJSON_TYPE]: { schema: output.record },
    [SSE_TYPE]: { schema: { type: 'string' } },
  };
}

const ID_HEADER = { 'x-request-id': { schema: { type: 'string' }, description: 'As sent, or made here' } };

const COMMON_PARAMETERS = [
  { name: 'x-request-id', in: 'header', required: false, schema: { type: 'string', maxLength: 128 } },
  {
    name: 'x-request-timeout-ms',
    in: 'header',
    required: false,
    schema: { type: 'integer', minimum: 0, maximum: 86_400_000 },
  },
  { name: 'x-priority', in: 'header', required: false, schema: { type: 'integer', minimum: -10, maximum: 10 } },
];

const WIRE_ERROR = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'status', 'message'],
      properties: {
        code: { type: 'string', description: 'Stable; see the table of errors' },
        status: { type: 'string', description: "gRPC's name for the kind of error" },
        message: { type: 'string' },
        requestId: { type: 'string' },
        retryAfterMs: { type: 'integer' },
        details: { type: 'object' },
      },
    },
  },
};

const ERROR_DESCRIPTIONS: Readonly<Record<string, string>> = {
  '400': 'Malformed body or header',
  '406': 'No acceptable form of answer',
  '413': 'Too many bytes or rows',
  '415': 'Content type or encoding that is not read',
  '422': 'Rows or parameters that break their rules; `details.violations` lists them',
  '429': 'Too busy; `retry-after` says when to come back',
  '500': 'Failed inside; the log has the cause under the request id',
  '503': 'Not ready, or a model is unavailable',
  '504': 'The deadline passed',
};

const ERRORS = Object.fromEntries(
  Object.entries(ERROR_DESCRIPTIONS).map(([status, description]) => [status, errorAnswer(description)]),
);

function errorAnswer(description: string): object {
  return { description, content: { [JSON_TYPE]: { schema: { $ref: '#/components/schemas/WitanError' } } } };
}
