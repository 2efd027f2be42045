import { Inject, Injectable, Logger } from '@nestjs/common';
import {
  type Access,
  AccessControl,
  admitCall,
  type Clock,
  CLOCK,
  RPC_SERVICES,
  type RpcCall,
  type RpcExtension,
  rpcFailure,
  type RpcMethod,
  type RpcServiceExtension,
  toWitanError,
  TurnBudget,
  WITAN_OPTIONS,
  type WitanOptions,
} from '@witan/core';
import type { OipServer } from '../infer-types.js';
import { OIP_OPTIONS } from '../oip.module-definition.js';
import { metadataAccess, type OipOptions } from '../oip-options.js';
import { ModelOipServer } from '../server/model-oip-server.js';
import { inferMethod, type InferParts } from './calls/infer-method.js';
import { InferStreams } from './calls/infer-stream.js';
import { informationCalls } from './calls/information-calls.js';
import { repositoryCalls } from './calls/repository-calls.js';
import { settingsCalls } from './calls/settings-calls.js';
import { sharedMemoryCalls } from './calls/shared-memory-calls.js';
import { methodOf } from './calls/small-call.js';
import { INFERENCE_PROTO, INFERENCE_SERVICE } from './inference-proto.js';

const DEFAULT_MAX_DECODED_BYTES = 256 * 1024 * 1024;
const DEFAULT_STREAM_WINDOW = 16;

/** The protocol over gRPC: `inference.GRPCInferenceService` on the application's gRPC port. */
@Injectable()
export class OipGrpc implements RpcExtension {
  private readonly logger = new Logger('Oip');

  constructor(
    @Inject(ModelOipServer) private readonly server: OipServer,
    @Inject(OIP_OPTIONS) private readonly options: OipOptions,
    @Inject(AccessControl) private readonly access: AccessControl,
    @Inject(WITAN_OPTIONS) private readonly witan: WitanOptions,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  [RPC_SERVICES](): readonly RpcServiceExtension[] {
    const { maxDecodedBytes = DEFAULT_MAX_DECODED_BYTES, streamWindow: window = DEFAULT_STREAM_WINDOW } =
      this.witan.grpc ?? {};
    const { server, clock } = this;
    const timings = this.witan.grpc?.timings !== false;
    const parts: InferParts = { server, clock, timings, limits: { maxDecodedBytes } };
    const fail = (call: RpcCall, thrown: unknown): void => this.fail(call, thrown);
    const streams = new InferStreams({ ...parts, window, failed: (thrown) => this.log('ModelStreamInfer', thrown) });
    const methods: Record<string, RpcMethod> = {
      ModelInfer: inferMethod(parts, new TurnBudget(clock), fail),
      ModelStreamInfer: streams.method,
    };
    const access: Record<string, Access> = {};
    for (const [name, call] of Object.entries(this.smallCalls())) {
      methods[name] = methodOf(call, fail);
      access[name] = call.access;
    }
    const drain = (reason: string): void => streams.drain(reason);
    return [{ service: INFERENCE_SERVICE, methods, access, proto: INFERENCE_PROTO, drain }];
  }

  private smallCalls() {
    const { server } = this;
    const metadata = metadataAccess(this.options);
    return {
      ...informationCalls(server, metadata),
      ...repositoryCalls(server, metadata),
      ...settingsCalls(server, metadata, (call) => admitCall(this.access, 'control', call)),
      ...sharedMemoryCalls(),
    };
  }

  private fail(call: RpcCall, thrown: unknown): void {
    this.log(call.path, thrown);
    call.fail(rpcFailure(thrown));
  }

  /** What is not the caller's doing; the caller does not get the stack. */
  private log(what: string, thrown: unknown): void {
    const error = toWitanError(thrown);
    if (error.category !== 'INTERNAL') return;
    const cause = error.cause instanceof Error ? error.cause : error;
    this.logger.error(`${what} failed with ${error.code}: ${cause.message}`, cause.stack);
  }
}
