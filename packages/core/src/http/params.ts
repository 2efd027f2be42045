import type { FastifyRequest } from 'fastify';
import type { ParamDefinition } from '../service/runtime.js';

type Params = Record<string, string>;

const NONE: Params = Object.freeze({});

/** Makes the function that takes a service's parameters from path and query. Of a repeated query parameter the last counts. */
export function paramReader(definitions: readonly ParamDefinition[]): (request: FastifyRequest) => Params {
  if (definitions.length === 0) return () => NONE;
  return (request) => {
    const params: Params = {};
    const path = request.params as Record<string, string | undefined>;
    const query = request.query as Record<string, string | string[] | undefined>;
    for (const { name, in: place } of definitions) {
      const found = place === 'path' ? path[name] : query[name];
      const value = Array.isArray(found) ? found.at(-1) : found;
      if (value !== undefined) params[name] = value;
    }
    return params;
  };
}
