import type { ConnectionOptions } from 'node:tls';
import {
  data,
  Flag,
  grpcMessage,
  headerBlock,
  headers,
  PREFACE,
  RawConnection,
  type RawStream,
  requestHeaders,
  resetStream,
  Setting,
  settings,
} from '@witan-libs/testing';

const FRAME_BYTES = 16_384;
const FIRST_WINDOW = 65_535;
/** What the server may send before it hears from us: a part of an answer is there while the rest is not. */
const OUR_WINDOW: readonly (readonly [number, number])[] = [[Setting.INITIAL_WINDOW_SIZE, 200_000]];

/** What a call sends: everything up to the last byte that it is let. */
export interface CallPlan {
  readonly path: string;
  readonly messages: readonly Buffer[];
  /** Goes away after so many bytes of the answer; 0: once all is sent. */
  readonly leaveAfterBytes?: number;
  /** Leaves by RST_STREAM: the connection stays. Otherwise with the connection. */
  readonly byReset?: boolean;
}

/** One connection that sends no more than the server's windows allow, and makes one call after the other. */
export class SoakCaller {
  private sentBytes = 0;

  private constructor(readonly connection: RawConnection) {}

  static async open(port: number, tls?: ConnectionOptions): Promise<SoakCaller> {
    const target = tls === undefined ? { host: '127.0.0.1', port } : { port, tls };
    return new SoakCaller(await RawConnection.open(target, { settings: OUR_WINDOW }));
  }

  get isClosed(): boolean {
    return this.connection.socket.destroyed;
  }

  /** Makes a call; gives its stream once it is over, or once it was left. */
  async call({ path, messages, leaveAfterBytes, byReset }: CallPlan): Promise<RawStream> {
    const { connection } = this;
    const id = connection.open(path);
    const stream = connection.stream(id);
    const sending = this.sendBody(id, Buffer.concat(messages.map((message) => grpcMessage(message))));
    if (leaveAfterBytes === undefined) {
      await Promise.all([sending, connection.over(id)]);
    } else {
      if (leaveAfterBytes === 0) await sending;
      await connection.until(() => stream.isOver || stream.dataBytes >= leaveAfterBytes);
      if (byReset) connection.send(resetStream(id));
      else connection.destroy();
      // Whoever still sends on it does so for nothing.
      stream.reset ??= -1;
      await sending;
    }
    // A long soak does not keep what it has seen; of a stream that was reset more may still come.
    if (leaveAfterBytes === undefined) connection.streams.delete(id);
    connection.frames.length = 0;
    return stream;
  }

  private async sendBody(id: number, body: Buffer): Promise<void> {
    const { connection } = this;
    const stream = connection.stream(id);
    let at = 0;
    while (at < body.length && !stream.isOver && !connection.isClosed) {
      await connection.until(() => this.window(stream, at) > 0 || stream.isOver);
      const end = Math.min(body.length, at + FRAME_BYTES, at + this.window(stream, at));
      if (stream.isOver || end <= at) continue;
      this.sentBytes += end - at;
      await connection.sent(data(id, body.subarray(at, end), end === body.length ? Flag.END_STREAM : 0));
      at = end;
    }
  }

  private window(stream: RawStream, sent: number): number {
    const { connection } = this;
    const first = connection.serverSettings.get(Setting.INITIAL_WINDOW_SIZE) ?? FIRST_WINDOW;
    return Math.min(first + stream.grantedBytes - sent, FIRST_WINDOW + connection.grantedBytes - this.sentBytes);
  }

  close(): void {
    this.connection.destroy();
  }
}

/** All that a client says for one call, as it lies on the wire. */
export function conversation(path: string, messages: readonly Buffer[]): Buffer {
  const frames = messages.map((message, at) =>
    data(1, grpcMessage(message), at === messages.length - 1 ? Flag.END_STREAM : 0),
  );
  return Buffer.concat([PREFACE, settings(), headers(1, headerBlock(requestHeaders(path))), ...frames]);
}
