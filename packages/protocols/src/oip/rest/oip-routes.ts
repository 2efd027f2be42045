import type { Access } from '@witan/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { OipServer, SettingValue } from '../infer-types.js';
import { oipError } from '../oip.errors.js';
import { checkUnloadParameters } from '../server/unload-parameters.js';
import type { OipRoute, RouteHandler } from './route-list.js';
import { jsonObject, scalarsOf } from './small-body.js';
import { statisticsJson } from './statistics-json.js';

interface ModelParams {
  readonly model: string;
  readonly version?: string;
}

const modelOf = (request: FastifyRequest): ModelParams => request.params as ModelParams;

/** Health, metadata, configuration, statistics: what is asked about the server and its models. */
export function informationRoutes(server: OipServer, metadata: Access): OipRoute[] {
  const get = (path: string, access: Access, handle: RouteHandler): OipRoute => ({
    method: 'GET',
    path,
    access,
    handle,
  });
  const forModel = (path: string, access: Access, handle: RouteHandler): OipRoute[] =>
    ['/v2/models/:model', '/v2/models/:model/versions/:version'].map((base) => get(base + path, access, handle));
  return [
    get('/v2', metadata, () => server.metadata()),
    get('/v2/', metadata, () => server.metadata()),
    get('/v2/health/live', 'open', (_request, reply) => healthy(reply, server.live(), { live: server.live() })),
    get('/v2/health/ready', 'open', (_request, reply) => {
      const ready = server.ready();
      return healthy(reply, ready, { ready, live: server.live() });
    }),
    get('/v2/models', metadata, () => ({ models: [...new Set(server.index(false).map(({ name }) => name))] })),
    get('/v2/models/stats', metadata, () => statisticsJson(server.statistics())),
    ...forModel('', metadata, (request) => server.modelMetadata(modelOf(request).model, modelOf(request).version)),
    ...forModel('/ready', 'open', (request, reply) => {
      const { model, version } = modelOf(request);
      const ready = server.modelReady(model, version);
      return healthy(reply, ready, { name: model, ready });
    }),
    ...forModel('/config', metadata, (request) => server.modelConfig(modelOf(request).model, modelOf(request).version)),
    ...forModel('/stats', metadata, (request) =>
      statisticsJson(server.statistics(modelOf(request).model, modelOf(request).version)),
    ),
  ];
}

/** Clients look at the status; whatever is not 200 has an `error` too. */
function healthy(reply: FastifyReply, isWell: boolean, body: object): object {
  reply.header('cache-control', 'no-store');
  if (isWell) return body;
  reply.code(503);
  return { ...body, error: 'not ready' };
}

/** The repository, and the settings of trace and log. */
export function controlRoutes(server: OipServer, metadata: Access): OipRoute[] {
  const post = (path: string, access: Access, handle: RouteHandler): OipRoute => ({
    method: 'POST',
    path,
    access,
    handle,
  });
  const get = (path: string, handle: RouteHandler): OipRoute => ({ method: 'GET', path, access: metadata, handle });
  const inRepository = (path: string, access: Access, handle: RouteHandler): OipRoute[] =>
    ['/v2/repository', '/v2/repository/:repository'].map((base) => post(base + path, access, handle));
  return [
    ...inRepository('/index', metadata, (request) => indexJson(server, jsonObject(request.body)['ready'])),
    ...inRepository('/models/:model/load', 'control', async (request) => {
      // It may bring whole files; the route's own limit holds.
      const body = jsonObject(request.body, Infinity);
      await server.load(modelOf(request).model, scalarsOf(body, 'parameters'));
      return {};
    }),
    ...inRepository('/models/:model/unload', 'control', async (request) => {
      checkUnloadParameters(scalarsOf(jsonObject(request.body), 'parameters'));
      await server.unload(modelOf(request).model);
      return {};
    }),
    ...['/v2', '/v2/models/:model'].flatMap((base) => [
      get(`${base}/trace/setting`, (request) => traceOf(server, request, () => server.traceSettings())),
      post(`${base}/trace/setting`, 'control', (request) =>
        traceOf(server, request, () => server.setTraceSettings(settingsOf(request.body))),
      ),
    ]),
    get('/v2/logging', () => server.logSettings()),
    post('/v2/logging', 'control', (request) =>
      server.setLogSettings(settingsOf(request.body) as Readonly<Record<string, SettingValue>>),
    ),
  ];
}

function indexJson(server: OipServer, ready: unknown): object {
  if (ready !== undefined && typeof ready !== 'boolean') throw requestError("'ready' must be true or false");
  return server.index(ready === true).map(({ name, version, state, reason }) => ({
    name,
    ...(version !== '' && { version }),
    state,
    ...(reason !== '' && { reason }),
  }));
}

function traceOf(server: OipServer, request: FastifyRequest, settings: () => object): object {
  const { model } = request.params as Partial<ModelParams>;
  if (model !== undefined && !server.describe(model))
    throw oipError('OIP_ERR_MODEL_NOT_FOUND', `Request for unknown model: '${model}' is not found`);
  return settings();
}

function settingsOf(body: unknown): Readonly<Record<string, SettingValue | null>> {
  const settings = jsonObject(body);
  for (const [name, value] of Object.entries(settings)) {
    const isList = Array.isArray(value) && value.every((each) => typeof each === 'string');
    if (!isList && value !== null && typeof value === 'object')
      throw requestError(
        `setting '${name.slice(0, 64)}' must be a string, a list of strings, a number, a boolean or null`,
      );
  }
  return settings as Readonly<Record<string, SettingValue | null>>;
}

function requestError(message: string): Error {
  return oipError('OIP_ERR_REQUEST', message);
}
