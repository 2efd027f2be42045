import type { Clock } from '../../clock.js';
import { Context, type Peer, type RawRequest } from '../../handler/context.js';
import { requestIdOf } from '../../http/request-id.js';
import type { RpcCall } from '../server/rpc-server.js';
import { RpcCaller } from './rpc-caller.js';

const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze({});

/** The Context of a message of a gRPC method that is no service's: of another protocol. Made for each, so that it is lazy. */
export class MethodContext extends Context {
  readonly transport = 'grpc' as const;
  readonly params = NO_PARAMS;
  private lazyRequestId: string | undefined;
  private readonly caller: RpcCaller;

  constructor(
    readonly service: string,
    private readonly call: RpcCall,
    private readonly message: Buffer,
    clock: Clock,
  ) {
    super();
    this.caller = new RpcCaller(call, clock);
  }

  get requestId(): string {
    return (this.lazyRequestId ??= requestIdOf(this.call.header('x-request-id')));
  }

  get peer(): Peer {
    return this.call.peer;
  }

  get deadline(): number | undefined {
    return this.caller.deadline;
  }

  get signal(): AbortSignal {
    return this.caller.signal;
  }

  get aborted(): boolean {
    return this.call.cancelled;
  }

  get raw(): RawRequest {
    return { contentType: 'application/grpc+proto', body: this.message };
  }

  get priority(): number {
    return this.caller.priority;
  }

  protected override keyName(): string | undefined {
    return this.caller.principal;
  }

  header(name: string): string | undefined {
    return this.call.header(name);
  }

  setHeader(name: string, value: string): void {
    this.call.setHeader(name, value);
  }
}
