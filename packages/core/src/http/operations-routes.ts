import type { FastifyInstance } from 'fastify';
import type { HttpServiceDeps, HttpServiceOptions } from './options.js';
import { addRouteIfFree } from './route-if-free.js';

/** `/health/live`, `/health/ready`, `/proto` and `/openapi.json`: what is asked about the services rather than of them. */
export function addOperationsRoutes(scope: FastifyInstance, options: HttpServiceOptions, deps: HttpServiceDeps): void {
  const { health = true, proto = true, openapi = true } = options.endpoints ?? {};
  if (health) addHealthRoutes(scope, deps);
  if (proto) {
    let text: string | undefined;
    deps.onChange?.(() => (text = undefined));
    addRouteIfFree(scope, 'GET', '/proto', (_request, reply) => {
      reply.type('text/plain; charset=utf-8').send((text ??= deps.proto()));
    });
  }
  if (openapi) {
    let document: Promise<string> | undefined;
    deps.onChange?.(() => (document = undefined));
    addRouteIfFree(scope, 'GET', '/openapi.json', async (_request, reply) => {
      document ??= Promise.resolve(deps.openApi()).then((value) => JSON.stringify(value));
      // What failed once may succeed when it is asked for again.
      document.catch(() => (document = undefined));
      return reply.type('application/json; charset=utf-8').send(await document);
    });
  }
}

function addHealthRoutes(scope: FastifyInstance, { health }: HttpServiceDeps): void {
  addRouteIfFree(scope, 'GET', '/health/live', (_request, reply) => {
    const live = health.live();
    reply
      .code(live ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ status: live ? 'ok' : 'failed' });
  });
  addRouteIfFree(scope, 'GET', '/health/ready', (_request, reply) => {
    const { ok, details } = health.ready();
    reply
      .code(ok ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ status: ok ? 'ok' : 'unavailable', ...(details && { details }) });
  });
}
