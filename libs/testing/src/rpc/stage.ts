import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { type ChannelCredentials, credentials } from '@grpc/grpc-js';
import type { Clock, RpcBindOptions, RpcMethod, RpcOptions, RpcServer } from '@witan/core';
import { systemClock } from '@witan/core';
import { RawConnection, type RawOptions } from '../http2/raw-connection.js';
import { GrpcCaller } from './grpc-caller.js';

/** Makes the server that is to be tested; nothing is bound yet. */
export type MakeRpcServer = (options: RpcOptions & RpcBindOptions, clock: Clock) => RpcServer;

/** What a server may lack by its nature, each with its reason. */
export type RpcLacks = Partial<Record<RpcLack, string>>;
export type RpcLack =
  /** Refuses timeouts that are not just what the protocol allows. */
  | 'exactTimeouts'
  /** Refuses a message that says it is compressed when the call names no encoding. */
  | 'compressedFlag'
  /** Names the encodings that it knows when it refuses one. */
  | 'namesEncodings';

export const SERVICE = 'contract.Test';
export const path = (method: string): string => `/${SERVICE}/${method}`;

/** One server under test, with everything that a test opens against it. */
export class RpcStage {
  private readonly servers: RpcServer[] = [];
  private readonly open: (() => void)[] = [];

  constructor(private readonly make: MakeRpcServer) {}

  server!: RpcServer;

  async serve(
    methods: Readonly<Record<string, RpcMethod>>,
    options: RpcOptions & RpcBindOptions = {},
    clock: Clock = systemClock,
  ): Promise<RpcServer> {
    this.server = this.made(options, clock);
    this.server.addMethods(SERVICE, methods);
    await this.server.start();
    return this.server;
  }

  /** A server that is not started. */
  made(options: RpcOptions & RpcBindOptions = {}, clock: Clock = systemClock): RpcServer {
    const server = this.make({ host: '127.0.0.1', ...options }, clock);
    this.servers.push(server);
    return server;
  }

  grpc(channel: ChannelCredentials = credentials.createInsecure(), options: object = {}): GrpcCaller {
    const caller = new GrpcCaller(this.server.address!.text, channel, options);
    this.open.push(() => caller.close());
    return caller;
  }

  http2(): ClientHttp2Session {
    const session = connectHttp2(`http://${this.server.address!.text}`);
    session.on('error', () => undefined);
    this.open.push(() => session.destroy());
    return session;
  }

  async raw(options?: RawOptions): Promise<RawConnection> {
    const connection = await RawConnection.open({ host: '127.0.0.1', port: this.server.address!.port }, options);
    this.open.push(() => connection.destroy());
    return connection;
  }

  tidy(): void {
    for (const close of this.open.splice(0)) close();
    for (const server of this.servers.splice(0)) server.close();
  }
}

/** Waits for what the test's own process brings about. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Until a number has stood still for many turns of the event loop. */
export async function settled(read: () => number): Promise<number> {
  for (let before = -1; ;) {
    before = read();
    for (let turns = 0; turns < 200; turns++) await turn();
    if (read() === before) return before;
  }
}
