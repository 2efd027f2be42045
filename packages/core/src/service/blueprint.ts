import type { Class } from '../handler/handler-types.js';
import { type HandlerMetadata, handlersOf } from '../handler/handler.decorator.js';
import { describeSchema, schemaMismatch } from '../schema/compare.js';
import { schemaOf } from '../schema/schema-of.js';
import type { SchemaSpec } from '../schema/spec.js';
import { paramDefinitions, paramsParser } from './params.js';
import type { ServiceDefinition } from './runtime.js';
import { type ServiceMetadata, serviceMetadataOf } from './service.decorator.js';
import { serviceError } from './service.errors.js';

/** One step of a chain before anything is instantiated. */
export interface StepBlueprint {
  /** `IrisService.predict` or `Clean`, for messages. */
  readonly name: string;
  /** The class whose instance runs it: the service's own for a method. */
  readonly owner: Class;
  readonly handler: HandlerMetadata;
  readonly input: SchemaSpec | undefined;
  readonly output: SchemaSpec | undefined;
}

/** A service as its decorators tell it, checked, before anything is instantiated. */
export interface ServiceBlueprint {
  readonly type: Class;
  readonly steps: readonly StepBlueprint[];
  readonly definition: ServiceDefinition;
  /** The class of the parameters, if the service has one. */
  readonly paramsType: Class | undefined;
}

/** gRPC fields 1-15 are the parameters'; 16 to 18 carry the rows. */
const MAX_PARAMS = 15;

/**
 * Reads and checks a `@Service` class.
 * @throws {CORE_ERR_SERVICE_CHAIN} when its handlers do not form a chain; the text prints both schemas
 * @throws {CORE_ERR_SERVICE_PATH} when its parameters cannot be served
 */
export function blueprintOf(type: Class): ServiceBlueprint {
  const metadata = serviceMetadataOf(type);
  if (!metadata) throw serviceError('CORE_ERR_SERVICE_CHAIN', `${type.name} has no @Service`);
  const steps = stepsOf(type, metadata);
  steps.forEach((step, i) => i > 0 && assertFits(type, steps[i - 1]!, step));
  return { type, steps, definition: definitionOf(type, metadata, steps), paramsType: metadata.params };
}

function stepsOf(type: Class, metadata: ServiceMetadata): StepBlueprint[] {
  const own = handlersOf(type);
  const chain = metadata.handlers ?? [];
  if (chain.length > 0)
    return chain.map((step) => (typeof step === 'string' ? methodStep(type, own, step) : classStep(type, step)));
  if (own.length === 1) return [stepOf(type, own[0]!, `${type.name}.${own[0]!.method}`)];
  const seen =
    own.length === 0 ? 'no @Handler method' : `${own.length} @Handler methods (${own.map((h) => h.method).join(', ')})`;
  throw serviceError(
    'CORE_ERR_SERVICE_CHAIN',
    `${type.name} has ${seen} and no chain: decorate exactly one method, or write @Service('${metadata.path}', { handlers: [...] })`,
  );
}

function methodStep(type: Class, own: readonly HandlerMetadata[], method: string): StepBlueprint {
  const handler = own.find((candidate) => candidate.method === method);
  if (handler) return stepOf(type, handler, `${type.name}.${method}`);
  const names = own.map((candidate) => candidate.method).join(', ') || 'none';
  throw serviceError(
    'CORE_ERR_SERVICE_CHAIN',
    `${type.name} names the handler '${method}', but its @Handler methods are: ${names}`,
  );
}

function classStep(type: Class, step: Class): StepBlueprint {
  const handler = handlersOf(step).find((candidate) => candidate.method === 'handle');
  if (handler) return stepOf(step, handler, step.name);
  throw serviceError(
    'CORE_ERR_SERVICE_CHAIN',
    `${type.name} names ${step.name} as a handler, but ${step.name} has no @Handler`,
  );
}

function stepOf(owner: Class, handler: HandlerMetadata, name: string): StepBlueprint {
  return {
    name,
    owner,
    handler,
    input: handler.in && schemaOf(handler.in),
    output: handler.out && schemaOf(handler.out),
  };
}

function assertFits(type: Class, before: StepBlueprint, after: StepBlueprint): void {
  if (!before.output || !after.input) return;
  const mismatch = schemaMismatch(before.output, after.input);
  if (mismatch === undefined) return;
  throw serviceError(
    'CORE_ERR_SERVICE_CHAIN',
    `${type.name}: ${after.name} does not take what ${before.name} gives: ${mismatch}\n` +
      `${before.name} gives ${describeSchema(before.output)}\n${after.name} takes ${describeSchema(after.input)}`,
  );
}

function definitionOf(type: Class, metadata: ServiceMetadata, steps: readonly StepBlueprint[]): ServiceDefinition {
  const params = paramDefinitions(metadata.path, metadata.params, metadata.query ?? []);
  const duplicate = params.find((param, i) => params.findIndex((other) => other.name === param.name) !== i);
  if (duplicate)
    throw serviceError(
      'CORE_ERR_SERVICE_PATH',
      `${type.name}: parameter '${duplicate.name}' stands twice in '${metadata.path}'`,
    );
  if (params.length > MAX_PARAMS) {
    throw serviceError(
      'CORE_ERR_SERVICE_PATH',
      `${type.name} has ${params.length} parameters; gRPC has room for ${MAX_PARAMS}`,
    );
  }
  return {
    name: type.name,
    path: metadata.path,
    params,
    input: steps[0]!.input,
    output: steps[steps.length - 1]!.output,
    protoPackage: metadata.package ?? `${snakeCase(type.name.replace(/Service$/, '') || type.name)}.v1`,
    protoService: metadata.grpcName ?? type.name,
    description: metadata.description,
    batchSummary: batchSummary(steps),
    parseParams: metadata.params && paramsParser(metadata.params),
  };
}

function batchSummary(steps: readonly StepBlueprint[]): string | undefined {
  const batched = steps.filter((step) => step.handler.batch);
  if (batched.length === 0) return undefined;
  return batched
    .map(({ name, handler: { batch } }) => {
      const { maxRows = 64, maxDelayMs = 0, coalesce = 'auto' } = batch === true || !batch ? {} : batch;
      return `${name}: up to ${maxRows} rows, delay ${maxDelayMs} ms, coalesce ${coalesce}`;
    })
    .join('; ');
}

function snakeCase(name: string): string {
  return name
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .toLowerCase();
}
