import { rpcError } from '../rpc.errors.js';
import { rpcStatusOf } from '../call/rpc-status.js';
import { ProtoReader } from '../codec/proto-reader.js';
import type { RpcMethod, RpcStreamCall, RpcUnaryCall } from '../server/rpc-server.js';

export const HEALTH_SERVICE = 'grpc.health.v1.Health';
const SERVING = 1;
const NOT_SERVING = 2;
const SERVICE_UNKNOWN = 3;
const SERVICE_TAG = 10;

/** The standard gRPC health service: `''` for the server, and every service by its full name. */
export class GrpcHealth {
  private serving = false;
  private readonly services = new Set(['']);
  private readonly watchers = new Map<RpcStreamCall, () => void>();

  /** Adds services that checks may ask for. */
  know(services: Iterable<string>): void {
    for (const service of services) this.services.add(service);
    this.tellWatchers();
  }

  /** The service is gone: those who watch it hear that it is unknown. */
  forget(service: string): void {
    this.services.delete(service);
    this.tellWatchers();
  }

  setServing(serving: boolean): void {
    if (this.serving === serving) return;
    this.serving = serving;
    this.tellWatchers();
  }

  /** Ends every watch, which would otherwise hold its connection open. */
  endWatches(): void {
    for (const call of this.watchers.keys()) call.end();
    this.watchers.clear();
  }

  methods(): Record<string, RpcMethod> {
    return {
      Check: { kind: 'unary', handle: (call, message) => this.check(call, message) },
      Watch: { kind: 'stream', handle: (call) => void this.watch(call) },
    };
  }

  private check(call: RpcUnaryCall, message: Buffer): void {
    try {
      const service = serviceAsked(message);
      const status = this.statusOf(service);
      if (status === SERVICE_UNKNOWN)
        throw rpcError('CORE_ERR_GRPC_SERVICE', `this server has no service '${service.slice(0, 200)}'`);
      call.answer(answer(status));
    } catch (error) {
      call.fail(rpcStatusOf(error));
    }
  }

  private async watch(call: RpcStreamCall): Promise<void> {
    try {
      const { value } = await call.messages[Symbol.asyncIterator]().next();
      const service = serviceAsked((value as Buffer | undefined) ?? Buffer.alloc(0));
      let last = 0;
      const tell = (): void => {
        const status = this.statusOf(service);
        if (status !== last) void call.write(answer((last = status)));
      };
      this.watchers.set(call, tell);
      call.onCancel(() => this.watchers.delete(call));
      tell();
    } catch (error) {
      call.fail(rpcStatusOf(error));
    }
  }

  /** Each writes only what is news to it. */
  private tellWatchers(): void {
    for (const tell of this.watchers.values()) tell();
  }

  private statusOf(service: string): number {
    if (!this.services.has(service)) return SERVICE_UNKNOWN;
    return this.serving ? SERVING : NOT_SERVING;
  }
}

function serviceAsked(message: Buffer): string {
  const r = new ProtoReader(message);
  let service = '';
  while (r.pos < r.limit) {
    const tag = r.tag();
    if (tag === SERVICE_TAG) service = r.string();
    else r.skip(tag);
  }
  return service;
}

function answer(status: number): Buffer {
  return Buffer.from([8, status]);
}
