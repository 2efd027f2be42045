import protobuf from 'protobufjs';
import { type Clock, systemClock } from '../clock.js';
import type { Class } from '../handler/handler-types.js';
import { createGrpcListener, type GrpcListenerParts } from '../rpc/grpc-listener.js';
import { protoDescriptorOf } from '../rpc/proto/proto-descriptor.js';
import type { ServiceRuntime } from '../service/runtime.js';
import type { MemoryAnswer } from './memory-call.js';
import { MemoryRpcServer } from './memory-rpc-server.js';

export interface TestCallOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  /** Milliseconds from now. @default none */
  readonly deadlineMs?: number;
}

/** What an in-process gRPC call ends with. */
export interface TestCallResult {
  /** gRPC's status code; 0 is OK. */
  readonly code: number;
  readonly message: string;
  /** The response as a plain object with the .proto's field names; absent when the call failed. */
  // eslint-disable-next-line typescript/no-explicit-any -- its shape is the .proto's, which the compiler does not know
  readonly response?: any;
  /** Initial metadata of the answer. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What an in-process stream ends with. */
export interface TestStreamResult extends Omit<TestCallResult, 'response'> {
  // eslint-disable-next-line typescript/no-explicit-any -- as above
  readonly responses: readonly any[];
}

/** Calls services over gRPC without a socket: real messages, real codec, real statuses. */
export class TestGrpcClient {
  private readonly server: MemoryRpcServer;

  constructor(
    private readonly runtimes: readonly ServiceRuntime[],
    private readonly clock: Clock = systemClock,
    private readonly more: Pick<GrpcListenerParts, 'access' | 'dynamic'> = {},
  ) {
    this.server = new MemoryRpcServer(clock);
    const logger = { error: () => {} };
    createGrpcListener({ ...this.more, runtimes, options: { reflection: false }, clock, logger, server: this.server });
  }

  /**
   * `Predict` of a service, given by its class, its class's name or its full gRPC name. `request` has the .proto's
   * field names: `{ rows: [{ sepal_width: 1 }] }`.
   */
  async predict(service: Class | string, request: object, options: TestCallOptions = {}): Promise<TestCallResult> {
    const { status, headers, responses } = await this.call('Predict', service, [request], options);
    return { code: status.code, message: status.message, headers, response: responses[0] };
  }

  /** `PredictStream` of a service: all requests are sent at once; gives every answer that came before the end. */
  async predictStream(
    service: Class | string,
    requests: readonly object[],
    options: TestCallOptions = {},
  ): Promise<TestStreamResult> {
    const { status, headers, responses } = await this.call('PredictStream', service, requests, options);
    return { code: status.code, message: status.message, headers, responses };
  }

  private async call(
    method: 'Predict' | 'PredictStream',
    service: Class | string,
    sent: readonly object[],
    { metadata = {}, deadlineMs }: TestCallOptions,
  ): Promise<Omit<MemoryAnswer, 'messages'> & { readonly responses: readonly unknown[] }> {
    const definition = this.definitionOf(service);
    const { protoPackage, protoService } = definition;
    const name = `${protoPackage}.${protoService}`;
    const root = protobuf.Root.fromJSON(protoDescriptorOf([definition]) as never);
    const { requestType, responseType } = root.lookupService(name).methods[method]!;
    const requests = root.lookupType(`${protoPackage}.${requestType}`);
    const responses = root.lookupType(`${protoPackage}.${responseType}`);
    const { status, headers, messages } = await this.server.call({
      path: `/${name}/${method}`,
      messages: sent.map((request) => Buffer.from(requests.encode(requests.fromObject(request)).finish())),
      metadata,
      deadlineEpochMs: deadlineMs === undefined ? undefined : this.clock.epochMs() + deadlineMs,
    });
    const shown = messages.map((bytes) =>
      responses.toObject(responses.decode(bytes), { longs: String, arrays: false }),
    );
    return { status, headers, responses: shown };
  }

  private definitionOf(service: Class | string): ServiceRuntime['definition'] {
    const name = typeof service === 'string' ? service : service.name;
    const runtimes = [...this.runtimes, ...(this.more.dynamic?.list() ?? [])];
    const known = runtimes.map((runtime) => runtime.definition);
    const found = known.find((d) => d.name === name || `${d.protoPackage}.${d.protoService}` === name);
    if (found) return found;
    throw new RangeError(`no service ${name}: there are ${known.map((d) => d.name).join(', ') || 'none'}`);
  }
}
