import { EventEmitter } from 'node:events';
import { Duplex } from 'node:stream';
import { Metadata, type MethodDefinition, type ServiceDefinition } from '@grpc/grpc-js';
import { foreignStatus } from '../call/foreign-status.js';
import { metadataOf } from '../call/host-metadata.js';
import type { Context } from '../../handler/context.js';
import type { RpcCall, RpcMethod, RpcServer, RpcStreamCall, RpcUnaryCall } from './rpc-server.js';

type Handler = (call: unknown, callback?: (error: unknown, value?: unknown, trailers?: Metadata) => void) => unknown;
type Definition = MethodDefinition<unknown, unknown>;

/**
 * Offers grpc-js's `addService` over any {@link RpcServer}: services written for grpc-js (Nest's controllers,
 * reflection) run beside Witan's on the same port. Whatever they throw ends in a status other than UNKNOWN.
 */
export class GrpcJsFacade {
  constructor(private readonly server: Pick<RpcServer, 'addMethods'>) {}

  addService(definition: ServiceDefinition, implementation: object): void {
    const methods: Record<string, RpcMethod> = {};
    let service = '';
    for (const [name, method] of Object.entries(definition) as [string, Definition][]) {
      const [, path = '', rpc = name] = method.path.split('/');
      service = path;
      methods[rpc] = methodOf(method, handlerOf(implementation as Record<string, Handler>, name, method.originalName));
    }
    this.server.addMethods(service, methods);
  }
}

function handlerOf(
  implementation: Record<string, Handler>,
  name: string,
  originalName: string | undefined,
): Handler | undefined {
  const found = implementation[name] ?? (originalName === undefined ? undefined : implementation[originalName]);
  return found?.bind(implementation);
}

function methodOf(method: Definition, handler: Handler | undefined): RpcMethod {
  if (!handler) return unimplemented(method);
  if (!method.requestStream && !method.responseStream) {
    return { kind: 'unary', handle: (call, message) => runUnary(method, handler, call, message) };
  }
  return { kind: 'stream', handle: (call) => void runStream(method, handler, call) };
}

function unimplemented({ path, requestStream, responseStream }: Definition): RpcMethod {
  const status = { code: 12, message: `The server does not implement the method ${path}` };
  const kind = requestStream || responseStream ? ('stream' as const) : ('unary' as const);
  return { kind, handle: (call: RpcCall) => call.fail(status) } as RpcMethod;
}

function runUnary(method: Definition, handler: Handler, call: RpcUnaryCall, message: Buffer): void {
  const fail = (error: unknown): void => call.fail(foreignStatus(error));
  try {
    const surface = new FacadeCall(call, method.requestDeserialize(message));
    call.onCancel(() => surface.cancel());
    caught(
      fail,
      handler(surface, (error, value) => (error ? fail(error) : answer(value))),
    );
  } catch (error) {
    fail(error);
  }

  function answer(value: unknown): void {
    try {
      call.answer(method.responseSerialize(value));
    } catch (error) {
      fail(error);
    }
  }
}

/** Handlers may be async although grpc-js does not await them. */
function caught(fail: (error: unknown) => void, result: unknown): void {
  if (result instanceof Promise) result.catch(fail);
}

async function runStream(method: Definition, handler: Handler, call: RpcStreamCall): Promise<void> {
  const stream = new FacadeStream(call, method);
  const fail = (error: unknown): void => void stream.emit('error', error);
  try {
    // A method that streams only its answers takes the one message as `call.request`.
    if (!method.requestStream) stream.request = await stream.only();
    caught(
      fail,
      handler(stream, (error, value) => (error ? fail(error) : stream.end(value))),
    );
  } catch (error) {
    fail(error);
  }
}

/** Sends initial metadata as grpc-js does. */
function sendMetadata(call: RpcCall, metadata: Metadata): void {
  for (const name of Object.keys(metadata.getMap())) {
    const values = metadata.get(name).map((value) => (typeof value === 'string' ? value : value.toString('base64')));
    call.setHeader(name, values.join(', '));
  }
}

/** grpc-js's ServerUnaryCall, as far as handlers see it. */
class FacadeCall extends EventEmitter {
  cancelled = false;
  private lazyMetadata: Metadata | undefined;

  constructor(
    private readonly call: RpcCall,
    readonly request: unknown,
  ) {
    super();
  }

  get metadata(): Metadata {
    return (this.lazyMetadata ??= metadataOf(this.call.headers()));
  }

  cancel(): void {
    this.cancelled = true;
    this.emit('cancelled', 'cancelled');
  }

  /** Tells telemetry who answers. @internal */
  answeredFor(context: Context): void {
    this.call.answeredFor?.(context);
  }

  getPeer(): string {
    return this.call.peer.address;
  }

  getDeadline(): number {
    return this.call.deadlineEpochMs ?? Infinity;
  }

  getPath(): string {
    return this.call.path;
  }

  getHost(): string {
    return this.call.header(':authority') ?? '';
  }

  sendMetadata(metadata: Metadata): void {
    sendMetadata(this.call, metadata);
  }
}

/** grpc-js's three stream calls in one: readable, writable, and with `request` where only the answers stream. */
class FacadeStream extends Duplex {
  cancelled = false;
  request: unknown;
  private readonly incoming: AsyncIterator<Buffer>;
  private failed = false;
  private lazyMetadata: Metadata | undefined;

  constructor(
    private readonly call: RpcStreamCall,
    private readonly method: Definition,
  ) {
    super({ objectMode: true, emitClose: false });
    this.incoming = call.messages[Symbol.asyncIterator]();
    this.on('error', (error) => this.fail(error));
    call.onCancel(() => {
      this.cancelled = true;
      this.emit('cancelled', 'cancelled');
      this.destroy();
    });
  }

  get metadata(): Metadata {
    return (this.lazyMetadata ??= metadataOf(this.call.headers()));
  }

  /** The one message of a method that does not stream its request. */
  async only(): Promise<unknown> {
    const { value, done } = await this.incoming.next();
    if (done) throw Object.assign(new Error('the request has no message'), { code: 3 });
    return this.method.requestDeserialize(value);
  }

  override _read(): void {
    this.incoming.next().then(
      ({ value, done }) => {
        try {
          this.push(done ? null : this.method.requestDeserialize(value as Buffer));
        } catch (error) {
          this.emit('error', error);
        }
      },
      () => this.push(null),
    );
  }

  override _write(value: unknown, _encoding: string, done: (error?: Error) => void): void {
    try {
      const waiting = this.call.write(this.method.responseSerialize(value));
      if (waiting) void waiting.then(() => done());
      else done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _final(done: () => void): void {
    done();
    if (!this.failed) this.call.end();
  }

  override end(value?: unknown): this {
    // grpc-js's callers may end with trailing metadata, or with the one answer of a method that streams its request.
    if (value instanceof Metadata || value === undefined) return super.end();
    return super.end(value);
  }

  private fail(error: unknown): void {
    this.failed = true;
    this.call.fail(foreignStatus(error));
  }

  /** Tells telemetry who answers. @internal */
  answeredFor(context: Context): void {
    this.call.answeredFor?.(context);
  }

  getPeer(): string {
    return this.call.peer.address;
  }

  getDeadline(): number {
    return this.call.deadlineEpochMs ?? Infinity;
  }

  getPath(): string {
    return this.call.path;
  }

  getHost(): string {
    return this.call.header(':authority') ?? '';
  }

  sendMetadata(metadata: Metadata): void {
    sendMetadata(this.call, metadata);
  }
}
