import type { SecureContextOptions } from 'node:tls';
import {
  type handleBidiStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import type { Clock } from '../../clock.js';
import { rpcError } from '../rpc.errors.js';
import { type CallSurroundings, GrpcJsStreamCall, GrpcJsUnaryCall } from './grpc-js-call.js';
import type { RpcBindOptions, RpcOptions, RpcTlsOptions } from '../rpc-options.js';
import type { RpcAddress, RpcMethod, RpcServer } from './rpc-server.js';
import { ResetBudget } from './reset-budget.js';
import { SlowRequests } from './slow-requests.js';
import { SocketListener } from './socket-listener.js';

export const DEFAULT_MAX_RECEIVE_MESSAGE_BYTES = 16 * 1024 * 1024;
const DEFAULT_REQUEST_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_CONCURRENT_STREAMS = 1000;

const identity = (bytes: Buffer): Buffer => bytes;

/** {@link RpcServer} over grpc-js; messages pass it as bytes. */
export class GrpcJsServer implements RpcServer {
  address: RpcAddress | undefined;
  private readonly server: Server;
  // grpc-js gets its connections from our socket: by itself it forgets those that a forced shutdown should end.
  private readonly injector: ReturnType<Server['createConnectionInjector']>;
  private readonly listener: SocketListener;
  private readonly slow: SlowRequests;
  private readonly surroundings: CallSurroundings;
  private readonly paths = new Map<string, readonly string[]>();

  constructor(
    private readonly options: RpcOptions & RpcBindOptions,
    private readonly clock: Clock,
  ) {
    const slow = (this.slow = new SlowRequests(clock, options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS));
    const interceptors = [slow.interceptor, new ResetBudget(clock).interceptor];
    this.server = new Server({ ...channelOptions(options), interceptors });
    const injector = (this.injector = this.injectorOf(options.tls));
    this.listener = new SocketListener((socket) => injector.injectConnection(socket));
    this.surroundings = { tls: options.tls !== undefined, unixPath: options.path };
  }

  private injectorOf(tls: RpcTlsOptions | undefined): ReturnType<Server['createConnectionInjector']> {
    const made = credentialsOf(tls);
    try {
      return this.server.createConnectionInjector(made);
    } catch (cause) {
      throw unusableTls(cause);
    }
  }

  addMethods(service: string, methods: Readonly<Record<string, RpcMethod>>): void {
    const definition: Record<string, unknown> = {};
    const handlers: Record<string, handleUnaryCall<Buffer, Buffer> | handleBidiStreamingCall<Buffer, Buffer>> = {};
    for (const [name, method] of Object.entries(methods)) {
      const stream = method.kind === 'stream';
      definition[name] = {
        path: `/${service}/${name}`,
        requestStream: stream,
        responseStream: stream,
        requestSerialize: identity,
        requestDeserialize: identity,
        responseSerialize: identity,
        responseDeserialize: identity,
      };
      handlers[name] = this.handlerOf(method);
    }
    try {
      this.server.addService(definition as ServiceDefinition, handlers);
    } catch (cause) {
      throw rpcError(
        'CORE_ERR_GRPC_OPTION',
        `two gRPC services are named ${service}: give one of them another package or name`,
        { cause },
      );
    }
    const paths = Object.keys(methods).map((name) => `/${service}/${name}`);
    this.paths.set(service, [...(this.paths.get(service) ?? []), ...paths]);
  }

  removeMethods(service: string): void {
    for (const path of this.paths.get(service) ?? []) this.server.unregister(path);
    this.paths.delete(service);
  }

  private handlerOf(method: RpcMethod): handleUnaryCall<Buffer, Buffer> | handleBidiStreamingCall<Buffer, Buffer> {
    const { surroundings, slow } = this;
    if (method.kind === 'unary') {
      return (call, callback) => {
        slow.arrived(call);
        method.handle(new GrpcJsUnaryCall(call, callback, surroundings), call.request);
      };
    }
    return ((call) => {
      // Without a listener a write to a caller that is gone would end the process.
      call.on('error', () => undefined);
      method.handle(new GrpcJsStreamCall(call, surroundings));
    }) as handleBidiStreamingCall<Buffer, Buffer>;
  }

  async start(): Promise<RpcAddress> {
    return (this.address = await this.listener.listen(this.options));
  }

  async drain(boundMs: number): Promise<boolean> {
    let forced = false;
    const timer = this.clock.setTimer(() => {
      forced = true;
      this.listener.destroy();
    }, boundMs);
    const closed = this.listener.closed();
    // Sends GOAWAY; the connections close when their last call ends. Our own timer is the bound.
    this.injector.drain(NEVER_MS);
    await closed;
    timer.cancel();
    this.server.forceShutdown();
    return !forced;
  }

  close(): void {
    this.listener.destroy();
    this.server.forceShutdown();
  }
}

const NEVER_MS = 0x7fff_ffff;

function channelOptions(options: RpcOptions): Record<string, number> {
  const set: Record<string, number> = {
    'grpc.max_receive_message_length': options.maxReceiveMessageBytes ?? DEFAULT_MAX_RECEIVE_MESSAGE_BYTES,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': options.maxConcurrentStreams ?? DEFAULT_MAX_CONCURRENT_STREAMS,
    'grpc.enable_channelz': 0,
  };
  const optional: [string, number | undefined][] = [
    ['grpc.keepalive_time_ms', options.keepaliveTimeMs],
    ['grpc.keepalive_timeout_ms', options.keepaliveTimeoutMs],
    ['grpc.max_connection_age_ms', options.maxConnectionAgeMs],
    ['grpc.max_connection_age_grace_ms', options.maxConnectionAgeGraceMs],
    ['grpc.max_connection_idle_ms', options.maxConnectionIdleMs],
  ];
  for (const [name, value] of optional) if (value !== undefined) set[name] = value;
  for (const [name, value] of Object.entries(set)) refuseOption(name, value);
  if (options.compression !== undefined) {
    throw rpcError(
      'CORE_ERR_GRPC_OPTION',
      "grpc.compression needs grpc.server 'witan': grpc-js sends answers as they are",
    );
  }
  return set;
}

function refuseOption(name: string, value: number): void {
  if (name === 'grpc.max_send_message_length' || name === 'grpc.enable_channelz') return;
  if (Number.isInteger(value) && value > 0) return;
  throw rpcError('CORE_ERR_GRPC_OPTION', `the gRPC option behind ${name} is ${value}: give a whole number above 0`);
}

function credentialsOf(tls: RpcTlsOptions | undefined): ServerCredentials {
  if (!tls) return ServerCredentials.createInsecure();
  if (tls.requireClientCertificate && tls.ca === undefined) {
    throw rpcError(
      'CORE_ERR_GRPC_OPTION',
      'tls.requireClientCertificate needs tls.ca: the certificates of those who sign clients',
    );
  }
  const pair = { private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.cert) };
  try {
    const made = ServerCredentials.createSsl(
      tls.ca === undefined ? null : Buffer.from(tls.ca),
      [pair],
      tls.requireClientCertificate ?? false,
    );
    if (tls.minVersion !== undefined) change(made, { minVersion: tls.minVersion });
    tls.onChange?.(({ key, cert, ca }) => change(made, { key, cert, ...(ca !== undefined && { ca }) }));
    return made;
  } catch (cause) {
    throw unusableTls(cause);
  }
}

function unusableTls(cause: unknown): Error {
  return rpcError('CORE_ERR_GRPC_OPTION', `the gRPC TLS options are not usable: ${(cause as Error).message}`, {
    cause,
  });
}

/** What grpc-js's own certificate providers do; the method is there for classes that inherit. */
interface Renewable {
  updateSecureContextOptions(options: SecureContextOptions): void;
  _getSecureContextOptions(): SecureContextOptions | null;
}

function change(credentials: ServerCredentials, options: SecureContextOptions): void {
  const renewable = credentials as unknown as Renewable;
  renewable.updateSecureContextOptions({ ...renewable._getSecureContextOptions(), ...options });
}
