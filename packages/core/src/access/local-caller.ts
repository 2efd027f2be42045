import type { IncomingMessage } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { RpcCall } from '../rpc/server/rpc-server.js';

/** What a proxy adds: the connection is then its own, and says nothing of who sent the request. */
const PROXY_HEADERS = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'via'];

/** Why an HTTP request does not count as sent from this machine; `undefined`: it does. */
export function whyNotLocal(request: IncomingMessage): string | undefined {
  const { headers } = request;
  return whyForeignAddress(request.socket) ?? whyProxied((name) => headers[name] !== undefined) ?? whyOfAPage(headers);
}

/** As {@link whyNotLocal}, for a gRPC call. */
export function whyCallNotLocal(call: RpcCall): string | undefined {
  const { address } = call.peer;
  const isLocal = address.startsWith('unix:') || address === 'memory' || isLoopback(withoutPort(address));
  return isLocal ? whyProxied((name) => call.header(name) !== undefined) : `it comes from ${address}`;
}

function whyForeignAddress(socket: Socket & { server?: Server }): string | undefined {
  // A socket that has ended has no address any more, just as one of the file system has none.
  if (socket.destroyed) return 'its connection is gone';
  const { remoteAddress } = socket;
  if (remoteAddress === undefined) return isUnix(socket.server?.address()) ? undefined : 'its address is not known';
  return isLoopback(remoteAddress) ? undefined : `it comes from ${remoteAddress}`;
}

function isUnix(address: AddressInfo | string | null | undefined): boolean {
  return typeof address === 'string';
}

function whyProxied(has: (name: string) => boolean): string | undefined {
  const header = PROXY_HEADERS.find(has);
  return header && `it came through a proxy (${header})`;
}

/**
 * Any page that a browser on this machine shows can send requests to it, and a name of the page's own can be made to
 * lead here. Only a page that came from this server under a local name is let through.
 */
function whyOfAPage({ origin, host = '', 'sec-fetch-site': site }: IncomingMessage['headers']): string | undefined {
  if (origin === undefined && (site === undefined || site === 'none')) return undefined;
  const from = 'it comes from a page in a browser';
  if (!isLocalName(host)) return `${from}, by the name ${host.slice(0, 100)}`;
  const sameOrigin = origin === undefined ? site === 'same-origin' : origin.replace(/^https?:\/\//, '') === host;
  return sameOrigin ? undefined : `${from} of another site`;
}

function isLocalName(host: string): boolean {
  const name = withoutPort(host).toLowerCase();
  return name === 'localhost' || name.endsWith('.localhost') || isLoopback(name);
}

/** `127.0.0.1:5000`, `[::1]:5000`, and `::1:5000` as grpc-js writes it. */
function withoutPort(address: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(address);
  return bracketed ? bracketed[1]! : address.replace(/:\d+$/, '');
}

/** 127.0.0.0/8 and ::1, also as an IPv6 socket shows IPv4. */
export function isLoopback(address: string): boolean {
  return /^(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/i.test(address) || address === '::1';
}
