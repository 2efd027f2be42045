import type { FastifyRequest } from 'fastify';
import type { ParamDefinition, ServiceDefinition } from '../service/runtime.js';

type Params = Readonly<Record<string, string>>;

const NONE: Params = Object.freeze({});

/** Makes the function that takes a service's parameters from path and query, and validates them if the service says how. */
export function paramReader({ params, parseParams }: ServiceDefinition): (request: FastifyRequest) => Params {
  const take = params.length === 0 ? () => NONE : (request: FastifyRequest) => takeParams(params, request);
  // A class's parameters are what it says; handlers see them by its type.
  return parseParams ? (request) => parseParams(take(request)) as Params : take;
}

/** Of a repeated query parameter the last counts. */
function takeParams(definitions: readonly ParamDefinition[], request: FastifyRequest): Params {
  const params: Record<string, string> = {};
  const path = request.params as Record<string, string | undefined>;
  const query = request.query as Record<string, string | string[] | undefined>;
  for (const { name, in: place } of definitions) {
    const found = place === 'path' ? path[name] : query[name];
    const value = Array.isArray(found) ? found.at(-1) : found;
    if (value !== undefined) params[name] = value;
  }
  return params;
}
