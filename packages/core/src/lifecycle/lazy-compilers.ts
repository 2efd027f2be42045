import { createRequire } from 'node:module';
import type { FastifyServerOptions } from 'fastify';

type Compilers = NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>;

/** One schema of a route: Fastify's types name a function for each of the packages, which differ in what they give. */
interface RoutePart {
  readonly schema: unknown;
  readonly method?: string;
  readonly url?: string;
  readonly httpPart?: string;
}
type Compile = (part: RoutePart) => unknown;
type Build = (schemas: unknown, options: unknown) => Compile;

/** Fastify's own step from a route's schemas to their validators: it makes header names lower case, as Node does. */
interface FastifyValidation {
  readonly symbols: { readonly headersSchema: symbol };
  compileSchemasForValidation(context: object, compile: Compile, custom: boolean): void;
}

/** What Fastify itself depends on is found from where it lies. */
const requireOfFastify = createRequire(createRequire(import.meta.url).resolve('fastify'));

/**
 * Fastify's compilers of route schemas, loaded when a route of the user's own has one. Fastify loads them (Ajv above all:
 * 25 ms) with every server, and Witan's services do not use them.
 */
export function lazyCompilers(): Compilers {
  const buildValidator = loadedFrom('@fastify/ajv-compiler');
  const compilers: Record<keyof Compilers, Build> = {
    buildValidator: (schemas, options) => withHeaders(buildValidator(schemas, options)),
    buildSerializer: loadedFrom('@fastify/fast-json-stringify-compiler'),
  };
  return compilers as unknown as Compilers;
}

/** What a package makes, made once, when it is first asked. */
function loadedFrom(name: string): Build {
  let build: Build | undefined;
  return (schemas, options) => (build ??= (requireOfFastify(name) as () => Build)())(schemas, options);
}

/** Fastify leaves the header schemas of compilers that it was given as they are; its own get theirs in lower case. */
function withHeaders(compile: Compile): Compile {
  return (part) => {
    if (part.httpPart !== 'headers') return compile(part);
    const { schema, method, url } = part;
    const { symbols, compileSchemasForValidation } = requireOfFastify('./lib/validation.js') as FastifyValidation;
    const context: Record<symbol | string, unknown> = { schema: { headers: schema }, config: { method, url } };
    compileSchemasForValidation(context, compile, false);
    return context[symbols.headersSchema];
  };
}
