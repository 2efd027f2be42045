import type { FastifyInstance, HTTPMethods, onRequestHookHandler, RouteOptions } from 'fastify';
import type { Access, HttpExtension, HttpExtensionSurroundings } from '../lifecycle/transport-extensions.js';
import { HTTP_ROUTES } from '../lifecycle/transport-extensions.js';
import type { PathPrefix } from './service-path.js';

/** What a route's requests must pass before their body is read; `undefined`: nothing. */
export type RouteGuard = (access: Access) => onRequestHookHandler | undefined;

export interface ExtensionParts {
  readonly extensions: readonly HttpExtension[];
  /** Nest's global prefix, which may leave paths out. */
  readonly prefix: PathPrefix;
  readonly guard: RouteGuard;
  readonly limits: Omit<HttpExtensionSurroundings, 'prefix'>;
}

/** What no `exclude` of a global prefix names, unless it names everything. */
const ANY_PATH = 'a/path/of/an/extension';
const SHORTHANDS = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options'] as const;

/**
 * Lets protocols beside Witan's own add their routes, in a scope inside that of the services: same bodies, same errors.
 * What the application or a service has at a path already stays; each route asks for the access that it names.
 */
export function addExtensions(scope: FastifyInstance, parts: ExtensionParts): void {
  const prefix = commonPrefix(parts.prefix);
  for (const extension of parts.extensions) {
    scope.register((own, _, done) => {
      overrideRoutes(own, parts, prefix);
      extension[HTTP_ROUTES](own, { ...parts.limits, prefix });
      done();
    });
  }
}

/** What a global prefix puts before paths that it does not leave out: with its leading slash; `''`: none. */
export function commonPrefix(prefix: PathPrefix): string {
  const text = (typeof prefix === 'string' ? prefix : prefix(ANY_PATH)).replace(/^\/+|\/+$/g, '');
  return text === '' ? '' : `/${text}`;
}

/** Fastify's own shorthands do not go through `route`, so both are replaced; scopes below this one inherit them. */
function overrideRoutes(scope: FastifyInstance, parts: ExtensionParts, prefix: string): void {
  const { route } = scope;
  const add = function (this: FastifyInstance, options: RouteOptions): FastifyInstance {
    const methods = Array.isArray(options.method) ? options.method : [options.method];
    for (const method of methods)
      addUnlessTaken(() => route.call(this, { ...guarded(options, parts, prefix), method }));
    return this;
  };
  const replaced: Record<string, unknown> = { route: add };
  for (const name of SHORTHANDS) {
    replaced[name] = function (this: FastifyInstance, url: string, options: object, handler?: unknown) {
      const given = handler === undefined ? { handler: options } : { ...options, handler };
      return add.call(this, { ...given, method: name.toUpperCase() as HTTPMethods, url } as RouteOptions);
    };
  }
  Object.assign(scope, replaced);
}

function guarded(options: RouteOptions, { guard, prefix: prefixOf }: ExtensionParts, prefix: string): RouteOptions {
  const check = guard(options.config?.access ?? 'predict');
  const own = options.onRequest === undefined ? [] : [options.onRequest].flat();
  return {
    ...options,
    url: excludedOrNot(options.url, prefixOf, prefix),
    ...(check && { onRequest: [check, ...own] }),
  };
}

/** Paths that the global prefix's `exclude` names go without it, as services' do. */
function excludedOrNot(url: string, prefixOf: PathPrefix, prefix: string): string {
  if (typeof prefixOf === 'string' || prefix === '' || !url.startsWith(`${prefix}/`)) return url;
  const bare = url.slice(prefix.length);
  return prefixOf(bare) === '' ? bare : url;
}

function addUnlessTaken(add: () => unknown): void {
  try {
    add();
  } catch (thrown) {
    if ((thrown as { code?: string }).code !== 'FST_ERR_DUPLICATED_ROUTE') throw thrown;
  }
}
