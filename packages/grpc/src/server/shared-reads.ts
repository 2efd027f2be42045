import { Socket } from 'node:net';

/** As much as Node itself reads at once. */
const READ_BYTES = 64 * 1024;

/** Where the bytes of all sockets of this thread arrive: each read overwrites the last one. */
const shared = Buffer.allocUnsafeSlow(READ_BYTES);

/** What an accepted socket has beside its public parts. */
interface Parts {
  _handle: { readonly useUserBuffer?: unknown } | null | undefined;
  _server: object | null | undefined;
  server: object | null | undefined;
}

/** Who takes what a socket reads. */
export interface SocketReader {
  /** The first `length` bytes of `bytes`, which are only valid during the call. */
  onRead(bytes: Buffer, length: number): void;
}

/**
 * A connection whose reads arrive in one buffer for all connections. Node makes 64 KiB for each read otherwise, however
 * little comes, and V8 counts all of it: a thousand reads are one collection of the whole heap. Only a socket's
 * constructor takes such a buffer (`onread`), and `net.Server` does not pass it on: so the handle of the socket that it
 * made goes to another one.
 */
export class SharedReads {
  readonly socket: Socket;
  /** To be set before the turn ends. */
  reader: SocketReader | undefined;

  private constructor(handle: object) {
    const onread = {
      buffer: shared,
      callback: (length: number): boolean => {
        this.reader!.onRead(shared, length);
        return true;
      },
    };
    this.socket = new Socket({ handle, onread } as object);
  }

  /**
   * @param accepted a socket of `net.Server` that has not read yet
   * @returns `undefined` where Node has not the parts that this takes; `accepted` is then as it was
   */
  static of(accepted: Socket): SharedReads | undefined {
    const old = accepted as unknown as Parts;
    const { _handle: handle, _server: server } = old;
    if (typeof handle?.useUserBuffer !== 'function' || typeof server !== 'object' || server === null) return undefined;
    old._handle = null;
    const reads = new SharedReads(handle);
    const taken = reads.socket as unknown as Parts;
    // By these the server counts its connections.
    taken._server = taken.server = server;
    old._server = old.server = null;
    return reads;
  }
}
