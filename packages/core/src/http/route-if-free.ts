import type { FastifyInstance, HTTPMethods, RouteHandlerMethod } from 'fastify';

/** Adds a route unless the application already has one there: the user's own routes win. */
export function addRouteIfFree(
  scope: FastifyInstance,
  method: HTTPMethods,
  url: string,
  handler: RouteHandlerMethod,
  options: object = {},
): void {
  try {
    scope.route({ ...options, method, url, handler, schema: { hide: true } as object });
  } catch (thrown) {
    if ((thrown as { code?: string }).code !== 'FST_ERR_DUPLICATED_ROUTE') throw thrown;
  }
}
