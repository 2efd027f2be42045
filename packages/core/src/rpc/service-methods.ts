import type { ServiceRuntime } from '../service/runtime.js';
import type { RpcContext } from './call/rpc-context.js';
import { rpcStatusOf } from './call/rpc-status.js';
import { DEFAULT_STREAM_WINDOW, StreamMethod } from './call/stream-method.js';
import { UnaryMethod } from './call/unary-method.js';
import { DEFAULT_CODEC_LIMITS, type FramePorts } from './codec/frame-ports.js';
import { ServiceCodec } from './codec/service-codec.js';
import { frameCodecs } from './frame-codecs.js';
import type { Clock } from '../clock.js';
import type { RpcOptions } from './rpc-options.js';
import type { RpcCall, RpcMethod } from './server/rpc-server.js';

/** What all services of one listener share. */
export interface ServiceSurroundings {
  readonly options: RpcOptions;
  readonly clock: Clock;
  readonly ports?: FramePorts;
  report(service: string, error: unknown, context: RpcContext | undefined): void;
}

interface Made {
  readonly unary: UnaryMethod;
  readonly stream: StreamMethod;
}

/** `Predict` and `PredictStream` of one service. */
export class ServiceMethods {
  /** With its package: `iris.v1.IrisService`. */
  readonly service: string;
  private made: Made | undefined;

  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly surroundings: ServiceSurroundings,
  ) {
    const { protoPackage, protoService } = runtime.definition;
    this.service = `${protoPackage}.${protoService}`;
  }

  /** Ready to be called. */
  eager(): Record<string, RpcMethod> {
    const { unary, stream } = this.ready;
    return { Predict: unary, PredictStream: stream };
  }

  /** Made when first called: of a thousand services few may ever be. */
  lazy(): Record<string, RpcMethod> {
    const attempt = (call: RpcCall, run: () => void): void => {
      try {
        run();
      } catch (error) {
        call.fail(rpcStatusOf(error));
      }
    };
    return {
      Predict: {
        kind: 'unary',
        handle: (call, message) => attempt(call, () => this.ready.unary.handle(call, message)),
      },
      PredictStream: { kind: 'stream', handle: (call) => attempt(call, () => this.ready.stream.handle(call)) },
    };
  }

  /** Reads no more messages: what was read is answered, then the streams end, saying why. */
  drain(reason: string): void {
    this.made?.stream.drain(reason);
  }

  /** No stream is open. */
  get isIdle(): boolean {
    return this.made === undefined || this.made.stream.isIdle;
  }

  private get ready(): Made {
    return (this.made ??= this.make());
  }

  private make(): Made {
    const { runtime, surroundings } = this;
    const { options, clock, ports } = surroundings;
    const { definition } = runtime;
    const codec = new ServiceCodec(definition, ports ?? frameCodecs, {
      maxRows: options.maxRows ?? DEFAULT_CODEC_LIMITS.maxRows,
      maxDecodedBytes: options.maxDecodedBytes ?? DEFAULT_CODEC_LIMITS.maxDecodedBytes,
    });
    const timings = options.timings !== false;
    const rpc = { path: definition.path, codec, clock, parseParams: definition.parseParams, timings };
    const report = (error: unknown, context: RpcContext | undefined): void =>
      surroundings.report(definition.name, error, context);
    return {
      unary: new UnaryMethod(runtime, rpc, report),
      stream: new StreamMethod(runtime, rpc, options.streamWindow ?? DEFAULT_STREAM_WINDOW, report),
    };
  }
}
