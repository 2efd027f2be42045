import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { GrpcPeer } from './grpc-server.js';

/** Who is at the other end of a connection. */
export function peerOf(socket: Socket, tls: boolean, unixPath: string | undefined): GrpcPeer {
  const address =
    unixPath === undefined ? `${hostOf(socket.remoteAddress ?? '')}:${socket.remotePort}` : `unix:${unixPath}`;
  const subject = tls ? (socket as TLSSocket).getPeerCertificate().subject : undefined;
  return subject ? { address, tls, certificateSubject: subjectText(subject as never) } : { address, tls };
}

const hostOf = (address: string): string => (address.includes(':') ? `[${address}]` : address);

function subjectText(subject: Record<string, string | string[]>): string {
  return Object.entries(subject)
    .map(([name, value]) => `${name}=${Array.isArray(value) ? value.join('+') : value}`)
    .join(', ');
}
