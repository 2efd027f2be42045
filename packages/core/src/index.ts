// For users.
export { Answer } from './handler/answer.js';
export { BatchContext } from './handler/batch-context.js';
export type { BatchedRequest } from './handler/batch-context.js';
export { Context } from './handler/context.js';
export type { Peer, RawRequest, TransportName } from './handler/context.js';
export { Frame } from './frame/frame.js';
export type { AnyRecord } from './frame/frame.js';
export type { DType } from './frame/dtype.js';
export { WitanError } from './errors/witan-error.js';
export type { WitanErrorOptions } from './errors/witan-error.js';
export { CATEGORY_STATUS } from './errors/category.js';
export type { ErrorCategory } from './errors/category.js';

// For sibling packages (@internal).
export { systemClock } from './clock.js';
export type { Clock, TimerHandle } from './clock.js';
export { CORE_ERRORS } from './errors/core.errors.js';
export type { ErrorDefinition, ErrorTable } from './errors/witan-error.js';
export { toWitanError } from './errors/from-unknown.js';
export { handlerParam } from './handler/handler-param.js';
export type { Concurrent, HandlerParamSource } from './handler/handler-param.js';
export type { ColumnSpec, Rule, SchemaSpec, Violation } from './schema/spec.js';
export type { ServiceDefinition, ServiceRuntime } from './service/runtime.js';
