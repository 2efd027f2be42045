import type { Frame } from '../frame/frame.js';
import type { Answer } from '../handler/answer.js';
import type { Context } from '../handler/context.js';
import type { SchemaSpec } from '../schema/spec.js';

/** One path or query parameter. Over gRPC it is field `index + 1` of the request, a string unless `dtype` says more. */
export interface ParamDefinition {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly required: boolean;
  /** Its type and rules as JSON Schema, where a class says them. @default a string */
  readonly schema?: object;
}

/** What a transport must know to serve one service; made at boot from the decorators. */
export interface ServiceDefinition {
  /** The class's name, e.g. `IrisService`. */
  readonly name: string;
  /** Without a leading slash: `predictions/iris/:run/:model`. */
  readonly path: string;
  readonly params: readonly ParamDefinition[];
  /** `undefined`: an untyped service; dtypes are inferred. */
  readonly input: SchemaSpec | undefined;
  readonly output: SchemaSpec | undefined;
  /** protobuf package, e.g. `iris.v1`. */
  readonly protoPackage: string;
  /** Service name in the .proto, e.g. `IrisService`. */
  readonly protoService: string;
  readonly description?: string;
  /** One line for the banner: how its handlers batch. */
  readonly batchSummary?: string;
  /**
   * Converts and validates the parameters by the service's `params` class; absent when there is none, and the strings
   * are the parameters. A transport calls it when `Context.params` is first read.
   * @throws {CORE_ERR_PARAMS} (422) naming every rule that is broken
   */
  readonly parseParams?: (raw: Readonly<Record<string, string>>) => object;
}

export type ServiceResult = Frame | AsyncIterable<Frame> | Answer;

/**
 * A service as its transports see it: the definition, and the chain with guards, interceptors and filters around it.
 * `read` decodes and validates the request's Frame; it is called after the guards, so that 401 comes before 422.
 */
export interface ServiceRuntime {
  readonly definition: ServiceDefinition;
  /** Gives a value, not a promise, when the chain is synchronous. */
  invoke(context: Context, read: () => Frame): ServiceResult | Promise<ServiceResult>;
}
