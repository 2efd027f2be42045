import type { OpenApiPart, OpenApiSurroundings } from '@witan/core';
import { failure, serverDocument } from './open-api.js';

type PathItem = Readonly<Record<string, unknown>>;

/** Open always, whatever else asks for a key. */
const HEALTH = /\/(health\/live|health\/ready|ready)$/;
const METHODS = ['get', 'post'] as const;

/** What the application's own OpenAPI document says of the protocol, and which calls ask for a key. */
export function applicationPart(
  server: { readonly name: string; readonly version: string },
  { prefix, withKey }: OpenApiSurroundings,
  metadataNeedsKey: boolean,
): OpenApiPart {
  const { paths, components } = serverDocument(server, prefix);
  const keyed = (operation: object): object => {
    const asked = withKey(operation);
    if (asked === operation) return operation;
    const { responses } = asked as { responses: object };
    return { ...asked, responses: { ...responses, '401': failure } };
  };
  const item = (path: string, operations: PathItem): PathItem => {
    const needsKey = path.endsWith('/infer') || (metadataNeedsKey && !HEALTH.test(path));
    const tagged = METHODS.flatMap((method) => {
      const operation = operations[method] as object | undefined;
      if (!operation) return [];
      const shown = { ...operation, tags: ['Open Inference Protocol'] };
      return [[method, needsKey ? keyed(shown) : shown] as const];
    });
    return { ...operations, ...Object.fromEntries(tagged) };
  };
  return {
    paths: Object.fromEntries(
      Object.entries(paths).map(([path, operations]) => [path, item(path, operations as PathItem)]),
    ),
    schemas: components.schemas,
  };
}
