import type { AddressInfo } from 'node:net';
import type { WitanError } from '../errors/witan-error.js';
import { lifecycleError } from './lifecycle.errors.js';
import type { ListenTarget } from './listen-options.js';

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use: stop what listens there, or choose another',
  EACCES: 'needs a permission that this user lacks: choose a port above 1023, or a writable path',
  ENOENT: 'is in a folder that does not exist: make it, or choose another path',
  EADDRNOTAVAIL: 'is no address of this machine: check `host`',
  ENOTFOUND: 'has a host that cannot be resolved: check `host`',
};

/** Why a port or socket cannot be listened on, in one line. */
export function listenFailure(protocol: 'HTTP' | 'gRPC', target: ListenTarget, cause: unknown): WitanError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const named = Object.keys(REASONS).find((key) => key === code || message?.includes(key));
  const what = typeof target === 'number' ? `port ${target}` : `socket ${target}`;
  return lifecycleError(
    'CORE_ERR_BOOT_LISTEN',
    `${protocol} ${what} ${named ? REASONS[named] : `cannot be listened on: ${message}`}`,
    {
      cause,
    },
  );
}

/** Where a client on this machine reaches a listening server. */
export function hostPortOf(address: AddressInfo | string, host: string): string {
  if (typeof address === 'string') return `unix:${address}`;
  const reachable =
    host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host;
  return `${reachable}:${address.port}`;
}

export function urlOf(scheme: 'http' | 'https', address: AddressInfo | string, host: string): string {
  const hostPort = hostPortOf(address, host);
  return hostPort.startsWith('unix:') ? hostPort : `${scheme}://${hostPort}`;
}
