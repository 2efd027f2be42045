import { RawConnection, type RawOptions } from '@witan-libs/testing';
import { Connection } from '../http2/connection.js';
import { createGrpcServer } from './create-grpc-server.js';
import type { GrpcMethod, GrpcServer, GrpcStreamCall, GrpcUnaryCall } from './grpc-server.js';
import type { GrpcServerOptions } from './options.js';

/** What a read leaves behind is overwritten at once, as the next read would do sooner or later. */
const { onRead } = Connection.prototype;
Connection.prototype.onRead = function (this: Connection, bytes: Buffer, length: number): void {
  onRead.call(this, bytes, length);
  if (this.overwritten) bytes.fill(0xaa, 0, length);
};

/** Calls that a test ends by hand. */
export class Held {
  readonly unary: { readonly call: GrpcUnaryCall; readonly message: Buffer }[] = [];
  readonly streams: GrpcStreamCall[] = [];
  readonly cancelled: string[] = [];
  private waiting: (() => void)[] = [];

  readonly methods: Record<string, GrpcMethod> = {
    Unary: {
      kind: 'unary',
      handle: (call, message) => {
        call.onCancel(() => this.note(() => this.cancelled.push(call.path)));
        this.note(() => this.unary.push({ call, message }));
      },
    },
    Stream: {
      kind: 'stream',
      handle: (call) => {
        call.onCancel(() => this.note(() => this.cancelled.push(call.path)));
        this.note(() => this.streams.push(call));
      },
    },
  };

  private note(change: () => void): void {
    change();
    for (const resume of this.waiting.splice(0)) resume();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }
}

/** Methods whose answer says what came. */
export const ECHO: Record<string, GrpcMethod> = {
  Unary: { kind: 'unary', handle: (call, message) => call.answer(message) },
  Stream: { kind: 'stream', handle: (call) => void repeat(call) },
};

async function repeat(call: GrpcStreamCall): Promise<void> {
  try {
    for await (const message of call.messages) await call.write(message);
    call.end();
  } catch {
    // The caller broke off.
  }
}

/** A server on a free port, with everything that is connected to it. */
export class Serving {
  readonly held = new Held();
  readonly server: GrpcServer;
  private readonly connections: RawConnection[] = [];

  private constructor(private readonly options: GrpcServerOptions) {
    this.server = createGrpcServer({ host: '127.0.0.1', ...options });
    this.server.addMethods('t.Echo', ECHO);
    this.server.addMethods('t.Held', this.held.methods);
  }

  static async start(options: GrpcServerOptions = {}): Promise<Serving> {
    const serving = new Serving(options);
    await serving.server.start();
    return serving;
  }

  get port(): number {
    return this.server.address!.port;
  }

  async connect(options?: RawOptions): Promise<RawConnection> {
    const { path } = this.options;
    const connection = await RawConnection.open(
      path === undefined ? { port: this.port, host: '127.0.0.1' } : { path },
      options,
    );
    this.connections.push(connection);
    return connection;
  }

  stop(): void {
    for (const connection of this.connections) connection.destroy();
    this.server.close();
  }
}
