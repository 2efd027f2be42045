import cluster, { type Worker } from 'node:cluster';
import { availableParallelism } from 'node:os';
import { Logger } from '@nestjs/common';
import { lifecycleError } from './lifecycle.errors.js';
import type { ListenAddresses, ListenOptions } from './listen-options.js';
import { isReadyMessage, SUPERVISED_ENV } from './supervised.js';

/** A server that lived for less is taken for broken, and its replacement waits. */
const SHORT_LIFE_MS = 5_000;
const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 5_000;
const DEFAULT_DRAIN_MS = 10_000;
/** Beyond the servers' own bound, before they are killed. */
const KILL_GRACE_MS = 2_000;

/** @throws {CORE_ERR_BOOT_OPTION} for anything but `'auto'` or a whole number from 1 to 1024 */
export function processCount({ processes = 1 }: ListenOptions): number {
  if (processes === 'auto') return availableParallelism();
  if (Number.isInteger(processes) && processes >= 1 && processes <= 1024) return processes;
  throw lifecycleError(
    'CORE_ERR_BOOT_OPTION',
    `processes: ${String(processes)} is neither 'auto' nor a whole number from 1 to 1024`,
  );
}

/**
 * One process that starts `count` servers sharing the ports, replaces one that dies, restarts them one by one on
 * SIGHUP, and drains them all on SIGTERM and SIGINT.
 */
export class Supervisor {
  private readonly logger = new Logger('Witan');
  private readonly servers = new Set<Worker>();
  private backoffMs = FIRST_BACKOFF_MS;
  private stopping = false;
  private failed = false;

  constructor(
    private readonly count: number,
    private readonly options: ListenOptions,
  ) {}

  /** Gives the addresses once every server answers; ends this process with code 1 if one cannot start. */
  async start(): Promise<ListenAddresses> {
    process.on('SIGTERM', () => void this.stop());
    process.on('SIGINT', () => void this.stop());
    process.on('SIGHUP', () => void this.restart());
    // With port 0 the first decides which port the others share.
    const addresses = await this.fork('first');
    await Promise.all(Array.from({ length: this.count - 1 }, () => this.fork('next')));
    if (this.options.banner !== false) {
      process.stdout.write(
        `  ${this.count} processes share the ports; SIGHUP to ${process.pid} restarts them one by one\n`,
      );
    }
    return addresses;
  }

  private fork(role: 'first' | 'next'): Promise<ListenAddresses> {
    const server = cluster.fork({ [SUPERVISED_ENV]: role });
    const bornAt = performance.now();
    let ready = false;
    this.servers.add(server);
    return new Promise((resolve) => {
      server.on('message', (message: unknown) => {
        if (!isReadyMessage(message)) return;
        ready = true;
        resolve(message.addresses);
      });
      server.once('exit', (code, signal) => {
        this.servers.delete(server);
        this.afterExit(server, ready, performance.now() - bornAt, signal ?? `code ${code}`);
      });
    });
  }

  private afterExit(server: Worker, wasReady: boolean, livedMs: number, how: string): void {
    if (this.stopping || server.exitedAfterDisconnect) {
      if (how !== 'code 0') this.failed = true;
      return;
    }
    if (!wasReady && this.servers.size === 0) {
      this.logger.error(`the server process ended with ${how} before it was ready`);
      process.exit(1);
    }
    this.backoffMs = livedMs < SHORT_LIFE_MS ? Math.min(this.backoffMs * 2, MAX_BACKOFF_MS) : FIRST_BACKOFF_MS;
    this.logger.warn(
      `server process ${server.process.pid} ended with ${how}: starting another in ${this.backoffMs} ms`,
    );
    setTimeout(() => this.stopping || void this.fork('next'), this.backoffMs);
  }

  /** A new server answers before an old one is asked to stop. */
  private async restart(): Promise<void> {
    this.logger.log('rolling restart');
    for (const old of [...this.servers]) {
      if (this.stopping) return;
      await this.fork('next');
      await this.end(old);
    }
    this.logger.log('rolling restart done');
  }

  private end(server: Worker): Promise<void> {
    return new Promise((resolve) => {
      if (server.isDead()) return resolve();
      server.exitedAfterDisconnect = true;
      const bound = (this.options.shutdown?.delayMs ?? 0) + (this.options.shutdown?.timeoutMs ?? DEFAULT_DRAIN_MS) * 2;
      const kill = setTimeout(() => server.process.kill('SIGKILL'), bound + KILL_GRACE_MS);
      server.once('exit', () => {
        clearTimeout(kill);
        resolve();
      });
      server.process.kill('SIGTERM');
    });
  }

  private async stop(): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    await Promise.all([...this.servers].map((server) => this.end(server)));
    process.exit(this.failed ? 1 : 0);
  }
}
