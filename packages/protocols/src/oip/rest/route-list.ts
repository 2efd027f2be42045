import type { Access } from '@witan/core';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** What a route answers: an object becomes JSON; `reply`: it was or will be answered. */
export type RouteHandler = (request: FastifyRequest, reply: FastifyReply) => unknown;

/** One call of the protocol. */
export interface OipRoute {
  readonly method: 'GET' | 'POST';
  /** Below the prefix, in Fastify's form. */
  readonly path: string;
  readonly access: Access;
  readonly handle: RouteHandler;
}

/** Which methods a path takes, for refusals; empty: there is no such path. */
export function methodsOf(routes: readonly OipRoute[]): (path: string) => readonly string[] {
  const patterns = routes.map(({ method, path }) => ({
    method,
    pattern: new RegExp(`^${path.replace(/:[a-z]+/g, '[^/]+')}$`),
  }));
  return (path) => {
    const methods = patterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method as string);
    return [...new Set(methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])))];
  };
}
