// For users.
export { Answer } from './handler/answer.js';
export { BatchContext } from './handler/batch-context.js';
export type { BatchedRequest } from './handler/batch-context.js';
export { Context } from './handler/context.js';
export type { Peer, RawRequest, TransportName } from './handler/context.js';
export { Handler } from './handler/handler.decorator.js';
export type { HandlerDecorator, HandlerOptions } from './handler/handler.decorator.js';
export type { Class, HandlerOf, HandlerOutput, MaybePromise } from './handler/handler-types.js';
export { requestChannel, type RequestEvent } from './service/request-channel.js';
export { answerChannel, type AnswerEvent } from './service/answer-channel.js';
export { batchChannel, type BatchEvent } from './batch/batch-channel.js';
export type { ClosedBy } from './batch/batch.js';
export type { ModelUse } from './handler/model-use.js';
export type { RequestPhases } from './handler/request-phases.js';
export {
  type KeptCall,
  LOG_METADATA,
  RECORD_KEEPER,
  type Recorder,
  type RecordKeeper,
  type RecordPoint,
} from './record/record-keeper.js';
export { Service } from './service/service.decorator.js';
export type { ServiceOptions } from './service/service.decorator.js';
export { Column } from './schema/column.decorator.js';
export type { ColumnOptions } from './schema/column.decorator.js';
export type { CellOf, ColumnDecorator, DefaultOf, InnerShape } from './schema/cell-types.js';
export { Schema } from './schema/schema.decorator.js';
export type { SchemaOptions } from './schema/schema-options.js';
export type { RecordOf, SchemaLike, TypedSchema } from './schema/schema-of.js';
export type { DynamicColumn, DynamicRecord, DynamicRules, DynamicSchema } from './schema/dynamic-schema.js';
export { Frame } from './frame/frame.js';
export type { AnyRecord } from './frame/frame.js';
export type { DType } from './frame/dtype.js';
export { BatchControl } from './batch/batch-control.js';
export type { BatchOptions, ResolvedBatchOptions } from './batch/batch-options.js';
export type { BatchStats } from './batch/batch-stats.js';
export { WitanFactory } from './lifecycle/witan-factory.js';
export type { CreateOptions, PendingApplication } from './lifecycle/witan-factory.js';
export type { WitanApplication } from './lifecycle/witan-application.js';
export { WitanModule } from './lifecycle/witan.module.js';
export type { ApiInfo, WitanOptions } from './lifecycle/witan-options.js';
export type {
  ListenAddresses,
  ListenOptions,
  ListenTarget,
  ShutdownOptions,
  TlsFiles,
  TlsOptions,
} from './lifecycle/listen-options.js';
export { fastifyServerOptions } from './http/server-options.js';
export type { HttpServerLimits } from './http/server-options.js';
export type { HttpServiceOptions } from './http/options.js';
export { HEALTH_REPORT, STARTUP_REPORT } from './lifecycle/startup-report.js';
export type { HealthReport, HealthReporter, StartupReporter, StartupSection } from './lifecycle/startup-report.js';
export type {
  RpcBindOptions,
  RpcCompressionOptions,
  RpcOptions,
  RpcServerKind,
  RpcTlsOptions,
} from './rpc/rpc-options.js';
export { WitanGrpcStrategy } from './rpc/nest/witan-grpc-strategy.js';
export type { GrpcControllerOptions } from './rpc/nest/witan-grpc-strategy.js';
export { RpcExceptionFilter } from './rpc/nest/rpc-exception.filter.js';
export type { AccessOptions, KeySource, NamedKey } from './access/access-options.js';
export { WitanError } from './errors/witan-error.js';
export type { WitanErrorOptions } from './errors/witan-error.js';
export { CATEGORY_STATUS } from './errors/category.js';
export type { CategoryStatus, ErrorCategory } from './errors/category.js';

// For sibling packages (@internal).
export { Batch, BatchGate } from './batch/batch-gate.js';
export { canBisect } from './batch/bisection.js';
export { systemClock } from './clock.js';
export type { Clock, TimerHandle } from './clock.js';
export { CLOCK } from './lifecycle/witan.tokens.js';
export { WITAN_OPTIONS } from './lifecycle/witan.module-definition.js';
export { BOOT_AHEAD } from './lifecycle/boot-ahead.js';
export type { BootsAhead, ProvidedValues } from './lifecycle/boot-ahead.js';
export { CORE_ERRORS } from './errors/core.errors.js';
export type { ErrorDefinition, ErrorTable } from './errors/witan-error.js';
export { toWitanError } from './errors/from-unknown.js';
export { handlerParam } from './handler/handler-param.js';
export type { Concurrent, HandlerParamSource } from './handler/handler-param.js';
export { plainFloats, scan } from './frame/json/plain-floats.js';
export { checkProtoLock, LOCK_FILE } from './rpc/proto/proto-lock.js';
export { protoName } from './rpc/proto/proto-name.js';
export { protoFilesOf, protoOf } from './rpc/proto/proto-of.js';
export { OpenApi } from './lifecycle/open-api.js';
export { HTTP_ROUTES, OPEN_API_PATHS, RPC_SERVICES } from './lifecycle/transport-extensions.js';
export type {
  Access,
  HttpExtension,
  HttpExtensionSurroundings,
  OpenApiContributor,
  OpenApiPart,
  OpenApiSurroundings,
  RpcExtension,
  RpcServiceExtension,
} from './lifecycle/transport-extensions.js';
export { addRawBodyParser } from './http/body-parser.js';
export { TurnBudget } from './http/turn-budget.js';
export { Readiness } from './lifecycle/readiness.js';
export { AccessControl } from './access/access-control.js';
export { admitCall } from './access/rpc-access.js';
export { principalOf } from './access/principals.js';
export { HttpCaller } from './http/http-caller.js';
export { RouteContext } from './http/route-context.js';
export { httpFailure } from './http/failure.js';
export type { HttpFailure } from './http/failure.js';
export { RpcCaller } from './rpc/call/rpc-caller.js';
export { SERVER_TIMING, ServerTiming } from './handler/server-timing.js';
export { MethodContext } from './rpc/call/method-context.js';
export { rpcFailure } from './rpc/call/rpc-status.js';
export { createRpcServer } from './rpc/server/create-rpc-server.js';
export type {
  RpcAddress,
  RpcCall,
  RpcMethod,
  RpcServer,
  RpcStatus,
  RpcStreamCall,
  RpcUnaryCall,
} from './rpc/server/rpc-server.js';
export { DynamicServices } from './service/dynamic-services.js';
export { collectChannel, lastFiguresChannel } from './collect/collect-channel.js';
export { reportGateCounters, reportGateState } from './batch/report-gate.js';
export type { CollectEvent, LastFigures } from './collect/collect-channel.js';
export { activeRequests } from './service/answer-channel.js';
export { RequestTrace } from './service/request-trace.js';
export { noteContext, noteFailure } from './http/http-answer.js';
export { runtimeOf } from './service/runtime-of.js';
export { DetachedContext } from './record/detached-context.js';
export { RecordPoints } from './record/record-points.js';
export { RecordedPoint } from './record/recorded-point.js';
export { schemaOf } from './schema/schema-of.js';
export { paramsParser } from './service/params.js';
export { serviceDefinitionsOf } from './service/module-walk.js';
export type { ColumnSpec, Rule, SchemaSpec, Violation } from './schema/spec.js';
export type { ServiceDefinition, ServiceRuntime } from './service/runtime.js';
