import type { Clock, TimerHandle } from '../clock.js';
import type { Peer } from '../handler/context.js';
import type { RpcStatus, RpcStreamCall, RpcUnaryCall } from '../rpc/server/rpc-server.js';

/** One in-process call: everything that its caller sends. */
export interface MemoryRequest {
  readonly path: string;
  readonly messages: readonly Buffer[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly deadlineEpochMs?: number;
}

/** What an in-process call ends with. */
export interface MemoryAnswer {
  readonly messages: readonly Buffer[];
  readonly status: RpcStatus;
  /** Initial metadata of the answer. */
  readonly headers: Readonly<Record<string, string>>;
}

export const DEADLINE_EXCEEDED: RpcStatus = { code: 4, message: 'Deadline exceeded' };

/** A call as methods see it, without a socket; the caller goes away only by its deadline. */
export class MemoryCall implements RpcUnaryCall, RpcStreamCall {
  cancelled = false;
  readonly peer: Peer = { address: 'memory', tls: false };
  private readonly headersSent: Record<string, string> = {};
  private readonly sent: Buffer[] = [];
  private readonly whenCancelled: (() => void)[] = [];
  private readonly timer: TimerHandle | undefined;
  private open = true;

  constructor(
    private readonly request: MemoryRequest,
    clock: Clock,
    private readonly done: (answer: MemoryAnswer) => void,
  ) {
    const { deadlineEpochMs } = request;
    if (deadlineEpochMs === undefined) return;
    this.timer = clock.setTimer(() => this.expire(), deadlineEpochMs - clock.epochMs());
  }

  get path(): string {
    return this.request.path;
  }

  get deadlineEpochMs(): number | undefined {
    return this.request.deadlineEpochMs;
  }

  get messages(): AsyncIterable<Buffer> {
    const { messages } = this.request;
    return (async function* () {
      yield* messages;
    })();
  }

  header(name: string): string | undefined {
    return this.request.metadata[name];
  }

  headers(): Iterable<readonly [string, string]> {
    return Object.entries(this.request.metadata);
  }

  setHeader(name: string, value: string): void {
    this.headersSent[name] = value;
  }

  onCancel(fn: () => void): void {
    this.whenCancelled.push(fn);
  }

  write(message: Buffer): undefined {
    this.sent.push(message);
  }

  answer(message: Buffer): void {
    this.write(message);
    this.end();
  }

  end(): void {
    this.fail({ code: 0, message: 'OK' });
  }

  fail(status: RpcStatus): void {
    if (!this.open) return;
    this.open = false;
    this.timer?.cancel();
    this.done({ messages: this.sent, status, headers: this.headersSent });
  }

  private expire(): void {
    this.cancelled = true;
    for (const fn of this.whenCancelled) fn();
    this.fail(DEADLINE_EXCEEDED);
  }
}
