import { type FSWatcher, readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Clock, TimerHandle } from '../clock.js';
import { fileState, watchFolderOf } from './file-state.js';
import { lifecycleError } from './lifecycle.errors.js';
import { isTlsFiles, type TlsFiles, type TlsOptions } from './listen-options.js';

/** The part of Nest's logger that is needed. */
export interface CertificateLog {
  log(message: string): void;
  error(message: string): void;
}

const LOOK_EVERY_MS = 10_000;
/** A key and its certificate are two files: who writes one is about to write the other. */
const SETTLE_MS = 250;

/**
 * Certificates as they are now. Those given as files are read again when the files change: new connections get the new
 * ones, and those that are open stay as they are. Files that do not fit each other change nothing.
 */
export class Certificates {
  current: TlsOptions;
  private readonly files: readonly string[];
  private seen: string;
  private readonly listeners: ((tls: TlsOptions) => void)[] = [];
  private readonly watchers: (FSWatcher | undefined)[];
  private timer: TimerHandle | undefined;

  /** @throws {CORE_ERR_BOOT_OPTION} when files cannot be read */
  constructor(
    private readonly given: TlsOptions | TlsFiles,
    private readonly clock: Clock,
    private readonly logger: CertificateLog,
  ) {
    this.files = filesOf(given);
    this.watchers = this.files.map((file) => watchFolderOf(file, () => this.lookIn(SETTLE_MS)));
    this.seen = this.states();
    this.current = tlsTexts(given);
    if (this.files.length > 0) this.lookIn(LOOK_EVERY_MS);
  }

  /** Calls `listener` with what new connections are to get. */
  onChange(listener: (tls: TlsOptions) => void): void {
    this.listeners.push(listener);
  }

  close(): void {
    this.timer?.cancel();
    for (const watcher of this.watchers) watcher?.close();
  }

  private lookIn(ms: number): void {
    this.timer?.cancel();
    this.timer = this.clock.setTimer(() => {
      this.look();
      this.lookIn(LOOK_EVERY_MS);
    }, ms);
  }

  private look(): void {
    const state = this.states();
    if (state === this.seen) return;
    this.seen = state;
    try {
      const tls = tlsTexts(this.given);
      createSecureContext({ key: tls.key, cert: tls.cert, ca: tls.ca, minVersion: tls.minVersion });
      this.current = tls;
      for (const listener of this.listeners) listener(tls);
      this.logger.log(`new connections get the certificate of ${this.files[1]} as it is now`);
    } catch (cause) {
      this.logger.error(`tls: the changed files cannot be used, the ones before stay: ${(cause as Error).message}`);
    }
  }

  private states(): string {
    return this.files.map(stateOf).join('\n');
  }
}

function stateOf(file: string): string {
  try {
    return fileState(file);
  } catch {
    return 'gone';
  }
}

function filesOf(given: TlsOptions | TlsFiles): string[] {
  if (!isTlsFiles(given)) return [];
  return [given.keyFile, given.certFile, ...(given.caFile === undefined ? [] : [given.caFile])];
}

/**
 * What files say, or what was given.
 * @throws {CORE_ERR_BOOT_OPTION} when a file cannot be read
 */
export function tlsTexts(given: TlsOptions | TlsFiles): TlsOptions {
  if (!isTlsFiles(given)) return given;
  const { keyFile, certFile, caFile, requestCert, minVersion } = given;
  return {
    key: textOf('tls.keyFile', keyFile),
    cert: textOf('tls.certFile', certFile),
    ...(caFile !== undefined && { ca: textOf('tls.caFile', caFile) }),
    requestCert,
    minVersion,
  };
}

function textOf(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw lifecycleError('CORE_ERR_BOOT_OPTION', `${option}: ${(cause as Error).message}`, { cause });
  }
}
