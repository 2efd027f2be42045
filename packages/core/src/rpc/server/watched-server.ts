import type { Clock } from '../../clock.js';
import { answerChannel, type AnswerEvent } from '../../service/answer-channel.js';
import type { RpcAddress, RpcMethod, RpcServer } from './rpc-server.js';
import { WatchedStreamCall, WatchedUnaryCall } from './watched-call.js';

const INTERNAL = 13;

/** A server whose calls are told on `witan.answer` while somebody subscribes; otherwise a branch for each. */
export class WatchedServer implements RpcServer {
  constructor(
    private readonly server: RpcServer,
    private readonly clock: Clock,
  ) {}

  get address(): RpcAddress | undefined {
    return this.server.address;
  }

  addMethods(service: string, methods: Readonly<Record<string, RpcMethod>>): void {
    const watched: Record<string, RpcMethod> = {};
    for (const [name, method] of Object.entries(methods)) watched[name] = this.watched(`${service}/${name}`, method);
    this.server.addMethods(service, watched);
  }

  removeMethods(service: string): void {
    this.server.removeMethods(service);
  }

  start(): Promise<RpcAddress> {
    return this.server.start();
  }

  drain(boundMs: number): Promise<boolean> {
    return this.server.drain(boundMs);
  }

  close(): void {
    this.server.close();
  }

  private watched(route: string, method: RpcMethod): RpcMethod {
    const { clock } = this;
    if (method.kind === 'unary') {
      return {
        kind: 'unary',
        handle(call, message) {
          if (!answerChannel.hasSubscribers) return method.handle(call, message);
          const watched = new WatchedUnaryCall(call, route, clock);
          watched.requestBytes = message.length;
          orInternal(watched, () => method.handle(watched, message));
        },
      };
    }
    return {
      kind: 'stream',
      handle(call) {
        if (!answerChannel.hasSubscribers) return method.handle(call);
        const watched = new WatchedStreamCall(call, route, clock);
        orInternal(watched, () => method.handle(watched));
      },
    };
  }
}

/** For what a server refuses before any method sees it. `path`: `/package.Service/Method` of one that there is. */
export function publishRpcRefusal(clock: Clock, path: string | undefined, status: number): void {
  if (!answerChannel.hasSubscribers) return;
  const event: AnswerEvent = {
    transport: 'grpc',
    route: path?.slice(1) ?? '',
    method: '',
    status,
    code: undefined,
    startedAt: clock.now(),
    durationMs: 0,
    requestBytes: 0,
    answerBytes: 0,
    context: undefined,
  };
  answerChannel.publish(event);
}

/** A method must not throw; of one that does, the server tells the caller. */
function orInternal(call: WatchedUnaryCall | WatchedStreamCall, handle: () => void): void {
  try {
    handle();
  } catch (error) {
    call.over(INTERNAL);
    throw error;
  }
}
