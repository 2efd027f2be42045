import type { Peer } from '../handler/context.js';
import type { RpcAddress, RpcMethod, RpcServer, RpcStatus, RpcUnaryCall } from '../rpc/server/rpc-server.js';

/** What an in-process call ends with: the answer's bytes, or a status. */
export interface MemoryAnswer {
  readonly message?: Buffer;
  readonly status: RpcStatus;
  /** Initial metadata of the answer. */
  readonly headers: Readonly<Record<string, string>>;
}

/** An RpcServer without sockets: calls go straight to the methods, through the same codec and contexts. */
export class MemoryRpcServer implements RpcServer {
  readonly address: RpcAddress = { text: 'memory', port: 0 };
  private readonly methods = new Map<string, RpcMethod>();

  addMethods(service: string, methods: Readonly<Record<string, RpcMethod>>): void {
    for (const [name, method] of Object.entries(methods)) this.methods.set(`/${service}/${name}`, method);
  }

  start(): Promise<RpcAddress> {
    return Promise.resolve(this.address);
  }

  drain(): Promise<boolean> {
    return Promise.resolve(true);
  }

  close(): void {}

  /** Calls a unary method. */
  call(
    path: string,
    message: Buffer,
    metadata: Readonly<Record<string, string>>,
    deadlineEpochMs?: number,
  ): Promise<MemoryAnswer> {
    const method = this.methods.get(path);
    return new Promise((resolve) => {
      if (method?.kind !== 'unary') {
        resolve({ status: { code: 12, message: `there is no unary method ${path}` }, headers: {} });
        return;
      }
      method.handle(new MemoryCall(path, metadata, deadlineEpochMs, resolve), message);
    });
  }
}

class MemoryCall implements RpcUnaryCall {
  readonly cancelled = false;
  readonly peer: Peer = { address: 'memory', tls: false };
  private readonly answered: Record<string, string> = {};

  constructor(
    readonly path: string,
    private readonly metadata: Readonly<Record<string, string>>,
    readonly deadlineEpochMs: number | undefined,
    private readonly resolve: (answer: MemoryAnswer) => void,
  ) {}

  header(name: string): string | undefined {
    return this.metadata[name];
  }

  headers(): Iterable<readonly [string, string]> {
    return Object.entries(this.metadata);
  }

  setHeader(name: string, value: string): void {
    this.answered[name] = value;
  }

  /** Nobody hangs up on an in-process call. */
  onCancel(): void {}

  answer(message: Buffer): void {
    this.resolve({ message, status: { code: 0, message: 'OK' }, headers: this.answered });
  }

  fail(status: RpcStatus): void {
    this.resolve({ status, headers: this.answered });
  }
}
