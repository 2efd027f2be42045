import { createSecureContext } from 'node:tls';
import { tlsTexts } from './certificates.js';
import { lifecycleError } from './lifecycle.errors.js';
import type { ListenOptions, TlsFiles, TlsOptions } from './listen-options.js';

/** Timers cannot run longer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Looks at every option before anything is made: a slip should not cost the loading of models first.
 * @throws {CORE_ERR_BOOT_OPTION}
 */
export function checkListenOptions({ http, grpc, host, tls, shutdown }: ListenOptions): void {
  checkTarget('http', http);
  checkTarget('grpc', grpc);
  if (host !== undefined && (typeof host !== 'string' || host === ''))
    throw refused('host', host, 'the name or address to bind');
  if (tls !== undefined) checkTls(tls);
  if (shutdown === undefined) return;
  if (!isObject(shutdown)) throw refused('shutdown', shutdown, 'an object like { timeoutMs: 10000 }');
  checkTime('shutdown.delayMs', shutdown.delayMs);
  checkTime('shutdown.timeoutMs', shutdown.timeoutMs);
}

function checkTarget(name: string, target: unknown): void {
  if (target === undefined || target === false || (typeof target === 'string' && target !== '')) return;
  if (Number.isInteger(target) && (target as number) >= 0 && (target as number) <= 65_535) return;
  throw refused(name, target, 'a port from 0 to 65535, the path of a unix socket, or false');
}

function checkTime(name: string, ms: unknown): void {
  if (ms === undefined || (typeof ms === 'number' && ms >= 0 && ms <= MAX_TIMER_MS)) return;
  throw refused(name, ms, `milliseconds from 0 to ${MAX_TIMER_MS}`);
}

function checkTls(given: TlsOptions | TlsFiles): void {
  const tls = isObject(given) ? tlsTexts(given) : undefined;
  if (!tls || !isPem(tls.key) || !isPem(tls.cert))
    throw lifecycleError(
      'CORE_ERR_BOOT_OPTION',
      'tls needs key and cert, each the text of a PEM file, or keyFile and certFile',
    );
  if (tls.requestCert && !isPem(tls.ca))
    throw lifecycleError('CORE_ERR_BOOT_OPTION', 'tls.requestCert needs ca, the certificates that sign clients');
  const { key, cert, ca, minVersion } = tls;
  try {
    createSecureContext({ key, cert, ca, minVersion });
  } catch (cause) {
    const text = `tls: these certificates or options cannot be used: ${(cause as Error).message}`;
    throw lifecycleError('CORE_ERR_BOOT_OPTION', text, { cause });
  }
}

function isPem(value: unknown): boolean {
  return (typeof value === 'string' || value instanceof Uint8Array) && value.length > 0;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function refused(name: string, value: unknown, wanted: string): Error {
  const shown = typeof value === 'string' ? `'${value}'` : isObject(value) ? JSON.stringify(value) : String(value);
  return lifecycleError('CORE_ERR_BOOT_OPTION', `${name}: ${shown} is not ${wanted}`);
}
