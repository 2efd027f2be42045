import type { OpenApiPart, OpenApiSurroundings } from '@witan/core';
import type { ControlRoute } from './control-routes.js';

const TAG = 'Models';
const text = { type: 'string' };
const flag = { type: 'boolean' };

const VERSION = {
  type: 'object',
  required: ['version', 'state', 'reason', 'lazy', 'bytes'],
  properties: {
    version: text,
    state: { type: 'string', enum: ['UNAVAILABLE', 'LOADING', 'READY', 'UNLOADING'] },
    reason: { ...text, description: 'Why it is not ready' },
    code: { ...text, description: "The error's code, where it failed" },
    lazy: { ...flag, description: 'Loaded when it is first asked for' },
    bytes: { type: 'integer' },
    loadedAt: { type: 'string', format: 'date-time' },
  },
};

const MODEL = {
  type: 'object',
  required: ['name', 'versions', 'pinned', 'aliases', 'config'],
  properties: {
    name: text,
    versions: { type: 'array', items: { $ref: '#/components/schemas/WitanModelVersion' } },
    defaultVersion: { ...text, description: 'What answers requests that name no version' },
    pinned: { ...flag, description: 'After a rollback: the default does not follow the store' },
    aliases: { type: 'object', additionalProperties: text },
    warning: { ...text, description: 'What an operator should know although requests are answered' },
    noService: { ...text, description: 'Why it has no typed service' },
    config: {
      type: 'object',
      required: ['ignored'],
      properties: { source: text, ignored: { type: 'array', items: text } },
    },
  },
};

const LIST = {
  type: 'object',
  required: ['models'],
  properties: { models: { type: 'array', items: { $ref: '#/components/schemas/WitanModel' } } },
};

const FAILURES: Readonly<Record<string, string>> = {
  '400': 'A body that is not understood',
  '401': 'No key, or one that is not known',
  '403': 'Calls that change models are not open to this caller',
  '404': 'No such model, version or alias',
  '412': 'There is no version to go back to',
  '422': 'The model cannot be used as it is',
  '503': 'It cannot be loaded now',
};

/** What the application's OpenAPI document says of the calls that list and change models. */
export function controlPart(routes: readonly ControlRoute[], { prefix, withKey }: OpenApiSurroundings): OpenApiPart {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const operation = operationOf(route);
    const item = (paths[`${prefix}${route.path.replace(/:(\w+)/g, '{$1}')}`] ??= {});
    item[route.method.toLowerCase()] = route.access === 'predict' ? withKey(operation) : operation;
  }
  return { paths, schemas: { WitanModel: MODEL, WitanModelVersion: VERSION, WitanModels: LIST } };
}

function operationOf({ method, path, summary, version, access }: ControlRoute): object {
  const isOne = path.includes(':model');
  const parameters = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: text,
  }));
  const answer = { $ref: `#/components/schemas/${isOne ? 'WitanModel' : 'WitanModels'}` };
  return {
    operationId: `${method.toLowerCase()}${path.replace(/[/:]+(\w)/g, (_, first: string) => first.toUpperCase())}`,
    tags: [TAG],
    summary,
    ...(access === 'control' && { description: 'Changes the server: see docs/guide/access.md for who may call it.' }),
    parameters,
    ...(version && { requestBody: bodyOf(version) }),
    responses: {
      '200': { description: isOne ? 'The model as it is now' : 'All models', content: jsonOf(answer) },
      ...Object.fromEntries(Object.entries(FAILURES).map(([status, description]) => [status, failure(description)])),
    },
  };
}

function bodyOf({ required, description }: NonNullable<ControlRoute['version']>): object {
  const properties = { version: { ...text, description } };
  const schema = {
    type: 'object',
    properties,
    additionalProperties: false,
    ...(required && { required: ['version'] }),
  };
  return { required, content: jsonOf(schema) };
}

function jsonOf(schema: object): object {
  return { 'application/json': { schema } };
}

function failure(description: string): object {
  return { description, content: jsonOf({ $ref: '#/components/schemas/WitanError' }) };
}
