import { type ChannelCredentials, Client, type ClientDuplexStream, Metadata, type ServiceError } from '@grpc/grpc-js';

/** What a unary call came to, as grpc-js's client tells it. */
export interface Outcome {
  readonly code: number;
  readonly details: string;
  readonly answer?: Buffer;
  /** Initial metadata. */
  readonly headers: Metadata;
  readonly trailers: Metadata;
}

export type CallOptions = Readonly<{ deadline?: number; metadata?: Metadata }>;

const same = (bytes: Buffer): Buffer => bytes;
const ownConnection = { 'grpc.use_local_subchannel_pool': 1, 'grpc.max_receive_message_length': -1 };

/** grpc-js's client, with bytes for messages. */
export class GrpcCaller {
  private readonly client: Client;

  constructor(address: string, channel: ChannelCredentials, options: object) {
    this.client = new Client(address, channel, { ...ownConnection, ...options });
  }

  unary(path: string, message: Uint8Array = Buffer.alloc(0), options: CallOptions = {}): Promise<Outcome> {
    return this.cancellable(path, message, options).outcome;
  }

  cancellable(
    path: string,
    message: Uint8Array,
    { metadata = new Metadata(), deadline }: CallOptions = {},
  ): { outcome: Promise<Outcome>; cancel: () => void } {
    let cancel!: () => void;
    const outcome = new Promise<Outcome>((resolve) => {
      let headers = new Metadata();
      let answer: Buffer | undefined;
      const done = (error: ServiceError | null, bytes?: Buffer): void => void (error === null && (answer = bytes));
      const callOptions = deadline === undefined ? {} : { deadline };
      const call = this.client.makeUnaryRequest(path, same, same, message as Buffer, metadata, callOptions, done);
      call.on('metadata', (seen: Metadata) => (headers = seen));
      call.on('status', ({ code, details, metadata: trailers }) =>
        resolve({ code, details, headers, trailers, answer }),
      );
      cancel = () => call.cancel();
    });
    return { outcome, cancel };
  }

  stream(path: string, { metadata = new Metadata(), deadline }: CallOptions = {}): GrpcStream {
    const options = deadline === undefined ? {} : { deadline };
    return new GrpcStream(this.client.makeBidiStreamRequest(path, same, same, metadata, options));
  }

  close(): void {
    this.client.close();
  }
}

/** Messages each way, and how the call ended. */
export class GrpcStream {
  readonly received: Buffer[] = [];
  readonly ended: Promise<{ code: number; details: string; trailers: Metadata }>;
  private waiting: (() => void)[] = [];
  private isOver = false;

  constructor(readonly call: ClientDuplexStream<Buffer, Buffer>) {
    call.on('error', () => undefined);
    call.on('data', (bytes: Buffer) => {
      this.received.push(bytes);
      this.wake();
    });
    this.ended = new Promise((resolve) => {
      call.on('status', ({ code, details, metadata }) => {
        this.isOver = true;
        this.wake();
        resolve({ code, details, trailers: metadata });
      });
    });
  }

  write(message: Uint8Array): void {
    this.call.write(message as Buffer);
  }

  end(): void {
    this.call.end();
  }

  cancel(): void {
    this.call.cancel();
  }

  /** Once this many messages came, or the call is over. */
  async count(messages: number): Promise<Buffer[]> {
    while (this.received.length < messages && !this.isOver) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    return this.received;
  }

  private wake(): void {
    for (const resume of this.waiting.splice(0)) resume();
  }
}
