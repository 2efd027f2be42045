import type { FastifyRequest } from 'fastify';
import type { RouteGuard } from '../http/extension-scope.js';
import type { AccessControl, Caller } from './access-control.js';
import { whyNotLocal } from './local-caller.js';
import { setPrincipal } from './principals.js';

/** Asks for keys before a request's body is read. Routes that need none get no hook at all. */
export function httpGuard(control: AccessControl): RouteGuard {
  return (access) =>
    control.asks(access)
      ? (request, reply, done) => {
          try {
            const name = control.admit(access, callerOf(request));
            if (name !== undefined) setPrincipal(request, name);
            done();
          } catch (error) {
            if ((error as { httpStatus?: number }).httpStatus === 401) void reply.header('www-authenticate', 'Bearer');
            done(error as Error);
          }
        }
      : undefined;
}

function callerOf({ raw }: FastifyRequest): Caller {
  const { authorization, 'x-api-key': apiKey } = raw.headers;
  return {
    authorization,
    apiKey: Array.isArray(apiKey) ? apiKey[0] : apiKey,
    whyNotLocal: () => whyNotLocal(raw),
  };
}
