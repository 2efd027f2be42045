import type { Access } from '@witan/core';
import type { FastifyRequest } from 'fastify';
import type { ModelDirectory } from '../repository/model-directory.js';
import { requiredVersionOf, versionOf } from './control-body.js';
import { controlError } from './control.errors.js';

/** One call that lists or changes models. */
export interface ControlRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the prefix, in Fastify's form. */
  readonly path: string;
  readonly access: Access;
  readonly summary: string;
  /** What the body's `version` is for; absent: there is no body. */
  readonly version?: { readonly required: boolean; readonly description: string };
  /** Gives what is logged; `undefined`: nothing was changed. */
  run(directory: ModelDirectory, request: FastifyRequest): Promise<string | undefined>;
}

interface Params {
  readonly model: string;
  readonly alias: string;
}

const paramsOf = (request: FastifyRequest): Params => request.params as Params;

const READ = { method: 'GET', access: 'predict', run: async () => undefined } as const;

/** Calls that answer with the model that they are about, or with all where their path names none. */
export const CONTROL_ROUTES: readonly ControlRoute[] = [
  { ...READ, path: '/models', summary: 'All models: versions, states, aliases' },
  { ...READ, path: '/models/:model', summary: 'One model: versions, states, aliases' },
  {
    method: 'POST',
    path: '/models/refresh',
    access: 'control',
    summary: 'Ask the store now; answers when all that was found has taken effect or failed',
    async run(directory) {
      await directory.refresh();
      return 'models refreshed';
    },
  },
  {
    method: 'POST',
    path: '/models/:model/load',
    access: 'control',
    summary: 'Load a model, or read it anew: the new version takes over when it is warm',
    version: { required: false, description: 'Only this version, beside those that its policy names' },
    async run(directory, request) {
      const { model } = paramsOf(request);
      const version = versionOf(request.body);
      await directory.load(model, version === undefined ? {} : { version });
      return `model '${model}' loaded${versionText(version)}`;
    },
  },
  {
    method: 'POST',
    path: '/models/:model/unload',
    access: 'control',
    summary: 'Let a model go: what is under way is answered, later requests are refused until it is loaded again',
    version: { required: false, description: 'Only this version' },
    async run(directory, request) {
      const { model } = paramsOf(request);
      const version = versionOf(request.body);
      await directory.unload(model, version);
      return `model '${model}' unloaded${versionText(version)}`;
    },
  },
  {
    method: 'PUT',
    path: '/models/:model/aliases/:alias',
    access: 'control',
    summary: 'Name a version, or give the name to another one',
    version: { required: true, description: 'What the alias stands for from now on' },
    async run(directory, request) {
      const { model, alias } = paramsOf(request);
      const version = requiredVersionOf(request.body);
      await directory.setAlias(model, alias, version);
      return `model '${model}': alias ${alias} is version ${version}`;
    },
  },
  {
    method: 'DELETE',
    path: '/models/:model/aliases/:alias',
    access: 'control',
    summary: "Take a version's name away",
    async run(directory, request) {
      const { model, alias } = paramsOf(request);
      refuseUnknownAlias(directory, model, alias);
      await directory.setAlias(model, alias, undefined);
      return `model '${model}': alias ${alias} taken away`;
    },
  },
  {
    method: 'POST',
    path: '/models/:model/rollback',
    access: 'control',
    summary: 'Back to the version that answered before; it stays until unpin or load',
    async run(directory, request) {
      const { model } = paramsOf(request);
      return `model '${model}' rolled back to version ${await directory.rollback(model)}`;
    },
  },
  {
    method: 'POST',
    path: '/models/:model/unpin',
    access: 'control',
    summary: 'The default version follows the store again, after a rollback',
    async run(directory, request) {
      const { model } = paramsOf(request);
      await directory.unpin(model);
      return `model '${model}' follows the store again`;
    },
  },
];

function versionText(version: string | undefined): string {
  return version === undefined ? '' : ` (version ${version})`;
}

/** An unknown model is refused by the directory itself. */
function refuseUnknownAlias(directory: ModelDirectory, model: string, alias: string): void {
  const aliases = directory.describe(model)?.aliases;
  if (!aliases || Object.hasOwn(aliases, alias)) return;
  const there = Object.keys(aliases).join(', ') || 'none';
  const text = `model '${model}' has no alias ${JSON.stringify(alias.slice(0, 64))}: there are ${there}`;
  throw controlError('INF_ERR_CONTROL_ALIAS', text);
}
