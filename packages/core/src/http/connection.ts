import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../clock.js';

/** A request that wants to know when its caller is gone. */
export interface Disconnectable {
  disconnected(): void;
}

const CONNECTION = Symbol('witan.connection');

type TrackedSocket = Socket & {
  [CONNECTION]?: Connection;
  server?: Server;
  _httpMessage?: ServerResponse<IncomingMessage> | null;
};

/** After the first probe the peer's reset is under way; from 10 ms on each wait is four times the last, up to a second. */
const FIRST_PROBE_MS = 10;
const LAST_PROBE_MS = 1000;

/**
 * One socket and the requests of ours that wait on it. Node tells of a disconnect per request in ways that keep-alive,
 * pipelining and half-closed sockets make useless, so the socket's own events are used.
 *
 * A peer that closed and a peer that only ended its side (and still reads) look the same until something is sent to
 * them. So when a peer ends while an answer is due, the answer still goes out, and in the meantime `100 Continue` is
 * sent, which every HTTP/1.1 client skips: a peer that is gone resets the connection.
 */
export class Connection {
  private readonly waiting: Disconnectable[] = [];

  /** The tracker of a socket, made on first use. */
  static of(socket: Socket, clock: Clock): Connection {
    return ((socket as TrackedSocket)[CONNECTION] ??= new Connection(socket as TrackedSocket, clock));
  }

  private constructor(
    private readonly socket: TrackedSocket,
    private readonly clock: Clock,
  ) {
    const server = socket.server;
    let halfOpen = false;
    // Node's own listener, between these two, would end a half-closed socket with its answers unsent.
    socket.prependListener('end', () => {
      halfOpen = (server as { httpAllowHalfOpen?: boolean } | undefined)?.httpAllowHalfOpen ?? false;
      setHalfOpen(server, true);
    });
    socket.on('end', () => {
      setHalfOpen(server, halfOpen);
      this.probe(FIRST_PROBE_MS);
    });
    socket.on('close', () => {
      for (const request of this.waiting.splice(0)) request.disconnected();
    });
  }

  add(request: Disconnectable): void {
    this.waiting.push(request);
  }

  delete(request: Disconnectable): void {
    const last = this.waiting.length - 1;
    if (this.waiting[last] === request) this.waiting.pop();
    else if (last >= 0) {
      const index = this.waiting.indexOf(request);
      if (index >= 0) this.waiting.splice(index, 1);
    }
  }

  private probe(nextMs: number): void {
    const response = this.socket._httpMessage;
    if (!response || this.socket.destroyed) return;
    if (!response.headersSent && response.req.httpVersionMinor >= 1) response.writeContinue();
    this.clock.setTimer(() => this.probe(Math.min(nextMs * 4, LAST_PROBE_MS)), nextMs);
  }
}

function setHalfOpen(server: Server | undefined, value: boolean): void {
  if (server) (server as { httpAllowHalfOpen?: boolean }).httpAllowHalfOpen = value;
}
