import type { Clock } from '../clock.js';
import type { RpcAddress, RpcMethod, RpcServer } from '../rpc/server/rpc-server.js';
import { DEADLINE_EXCEEDED, type MemoryAnswer, MemoryCall, type MemoryRequest } from './memory-call.js';

/** An RpcServer without sockets: calls go straight to the methods, through the same codec and contexts. */
export class MemoryRpcServer implements RpcServer {
  readonly address: RpcAddress = { text: 'memory', port: 0 };
  private readonly methods = new Map<string, RpcMethod>();

  constructor(private readonly clock: Clock) {}

  addMethods(service: string, methods: Readonly<Record<string, RpcMethod>>): void {
    for (const [name, method] of Object.entries(methods)) this.methods.set(`/${service}/${name}`, method);
  }

  removeMethods(service: string): void {
    for (const path of this.methods.keys()) if (path.startsWith(`/${service}/`)) this.methods.delete(path);
  }

  start(): Promise<RpcAddress> {
    return Promise.resolve(this.address);
  }

  drain(): Promise<boolean> {
    return Promise.resolve(true);
  }

  close(): void {}

  call(request: MemoryRequest): Promise<MemoryAnswer> {
    const method = this.methods.get(request.path)!;
    return new Promise((resolve) => {
      if (request.deadlineEpochMs !== undefined && request.deadlineEpochMs <= this.clock.epochMs()) {
        return resolve({ messages: [], status: DEADLINE_EXCEEDED, headers: {} });
      }
      const call = new MemoryCall(request, this.clock, resolve);
      if (method.kind === 'unary') method.handle(call, request.messages[0]!);
      else method.handle(call);
    });
  }
}
