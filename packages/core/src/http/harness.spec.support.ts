import fastify, { type FastifyInstance } from 'fastify';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { type Clock, systemClock } from '../clock.js';
import type { ServiceDefinition, ServiceRuntime } from '../service/runtime.js';
import type { HttpServiceDeps, HttpServiceOptions } from './options.js';
import { registerHttpServices } from './register-http-services.js';
import { fastifyServerOptions, type HttpServerLimits } from './server-options.js';

export type Invoke = ServiceRuntime['invoke'];

/** A service that needs no decorators. */
export function testService(path: string, invoke: Invoke, definition: Partial<ServiceDefinition> = {}): ServiceRuntime {
  return {
    definition: {
      name: 'Test',
      path,
      params: [...path.matchAll(/:(\w+)/g)].map((match) => ({ name: match[1]!, in: 'path' as const, required: true })),
      input: undefined,
      output: undefined,
      protoPackage: 'test.v1',
      protoService: 'Test',
      ...definition,
    },
    invoke,
  };
}

/** The service at `/echo` that answers with what it was sent. */
export const echo = testService('echo', (_context, read) => read());

export interface TestApp {
  readonly fastify: FastifyInstance;
  readonly logs: { level: string; message: string; stack?: string }[];
  /** Listens on a free port and gives it. */
  listen(): Promise<number>;
}

export interface TestAppParts extends HttpServiceOptions {
  readonly clock?: Clock;
  readonly limits?: HttpServerLimits;
  readonly deps?: Partial<HttpServiceDeps>;
  /** Runs on the instance before the services are registered. */
  readonly before?: (fastify: FastifyInstance) => void;
}

export function testApp(runtimes: readonly ServiceRuntime[], parts: TestAppParts = {}): TestApp {
  const app = fastify(fastifyServerOptions(parts.limits) as never) as unknown as FastifyInstance;
  const logs: TestApp['logs'] = [];
  parts.before?.(app);
  registerHttpServices(
    app,
    runtimes,
    { notFound: true, ...parts },
    {
      clock: parts.clock ?? systemClock,
      logger: {
        error: (message, stack) => void logs.push({ level: 'error', message, stack }),
        warn: (message) => void logs.push({ level: 'warn', message }),
        debug: (message) => void logs.push({ level: 'debug', message }),
      },
      health: { live: () => true, ready: () => ({ ok: true }) },
      proto: () => 'syntax = "proto3";',
      openApi: () => ({}),
      ...parts.deps,
    },
  );
  return {
    fastify: app,
    logs,
    async listen() {
      await app.listen({ host: '127.0.0.1', port: 0 });
      return (app.server.address() as AddressInfo).port;
    },
  };
}

/** A client that says exactly what it is told to. */
export class RawClient {
  readonly socket: Socket;
  text = '';
  private readonly waiters: (() => void)[] = [];
  private over = false;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString('latin1');
      this.wake();
    });
    this.socket.on('error', () => undefined);
    for (const event of ['end', 'close']) {
      this.socket.on(event, () => {
        this.over = true;
        this.wake();
      });
    }
  }

  post(path: string, body: string, headers: Record<string, string> = {}): void {
    this.socket.write(requestText(path, body, headers));
  }

  /** Resolves when `done` holds; fails when the server ends the connection before. */
  async until(done: (text: string) => boolean): Promise<string> {
    while (!done(this.text)) {
      if (this.over) throw new Error(`the connection ended after: ${this.text}`);
      await new Promise<void>((resolve) => this.waiters.push(resolve));
    }
    return this.text;
  }

  /** Everything up to the end of the connection. */
  async rest(): Promise<string> {
    while (!this.over) await new Promise<void>((resolve) => this.waiters.push(resolve));
    return this.text;
  }

  private wake(): void {
    for (const waiter of this.waiters.splice(0)) waiter();
  }
}

export function requestText(path: string, body: string, headers: Record<string, string> = {}): string {
  const lines = Object.entries({
    host: 'test',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  });
  return `POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
}

/** A promise and its key. */
export function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((open) => (resolve = open));
  return { promise, resolve };
}
