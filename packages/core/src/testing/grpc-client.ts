import protobuf from 'protobufjs';
import { systemClock } from '../clock.js';
import type { Class } from '../handler/handler-types.js';
import { createGrpcListener } from '../rpc/grpc-listener.js';
import { protoDescriptorOf } from '../rpc/proto/proto-descriptor.js';
import type { ServiceRuntime } from '../service/runtime.js';
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

/** Calls services over gRPC without a socket: real messages, real codec, real statuses. */
export class TestGrpcClient {
  private readonly server = new MemoryRpcServer();
  private readonly root: protobuf.Root;

  constructor(private readonly runtimes: readonly ServiceRuntime[]) {
    const logger = { error: () => {} };
    createGrpcListener({ runtimes, options: { reflection: false }, clock: systemClock, logger, server: this.server });
    this.root = protobuf.Root.fromJSON(protoDescriptorOf(runtimes.map((runtime) => runtime.definition)) as never);
  }

  /**
   * `Predict` of a service, given by its class, its class's name or its full gRPC name. `request` has the .proto's
   * field names: `{ rows: [{ sepal_width: 1 }] }`.
   */
  async predict(service: Class | string, request: object, options: TestCallOptions = {}): Promise<TestCallResult> {
    const { protoPackage, protoService } = this.definitionOf(service);
    const { requestType, responseType } = this.root.lookupService(`${protoPackage}.${protoService}`).methods[
      'Predict'
    ]!;
    const requests = this.root.lookupType(`${protoPackage}.${requestType}`);
    const responses = this.root.lookupType(`${protoPackage}.${responseType}`);
    const message = Buffer.from(requests.encode(requests.fromObject(request)).finish());
    const deadline = options.deadlineMs === undefined ? undefined : systemClock.epochMs() + options.deadlineMs;
    const path = `/${protoPackage}.${protoService}/Predict`;
    const {
      status,
      headers,
      message: answer,
    } = await this.server.call(path, message, options.metadata ?? {}, deadline);
    const response = answer && responses.toObject(responses.decode(answer), { longs: String, arrays: false });
    return { code: status.code, message: status.message, headers, response };
  }

  private definitionOf(service: Class | string): ServiceRuntime['definition'] {
    const name = typeof service === 'string' ? service : service.name;
    const known = this.runtimes.map((runtime) => runtime.definition);
    const found = known.find((d) => d.name === name || `${d.protoPackage}.${d.protoService}` === name);
    if (found) return found;
    throw new RangeError(`no service ${name}: there are ${known.map((d) => d.name).join(', ') || 'none'}`);
  }
}
