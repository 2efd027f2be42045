import { type BigIntStats, type FSWatcher, readFileSync, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../clock.js';
import { accessError } from './access.errors.js';
import { KeyRing } from './key-ring.js';
import { parseKeys } from './named-keys.js';

/** The part of Nest's logger that is needed. */
export interface KeyFileLog {
  log(message: string): void;
  error(message: string): void;
}

const LOOK_EVERY_MS = 1000;
const MAX_BYTES = 1024 * 1024;

/**
 * The keys of a file, read again when it changes: its state is looked at when a key is asked for, at most once a second,
 * and at once when the file system tells of a change in its folder. A file that is broken or gone changes nothing.
 */
export class KeyFile {
  private keys: KeyRing;
  private seen = '';
  private lookAgainAt: number;
  private readonly watcher: FSWatcher | undefined;

  /** @throws {CORE_ERR_ACCESS_KEY_FILE} when it cannot be used now */
  constructor(
    private readonly path: string,
    private readonly clock: Clock,
    private readonly logger: KeyFileLog,
  ) {
    // Watched before it is read, so that no change falls between.
    this.watcher = this.watch();
    try {
      this.seen = this.state();
      this.keys = this.read();
    } catch (cause) {
      this.close();
      throw accessError('CORE_ERR_ACCESS_KEY_FILE', `the key file ${path} cannot be used: ${reasonOf(cause)}`);
    }
    this.lookAgainAt = clock.now() + LOOK_EVERY_MS;
  }

  ring(): KeyRing {
    const now = this.clock.now();
    if (now >= this.lookAgainAt) this.look(now);
    return this.keys;
  }

  close(): void {
    this.watcher?.close();
  }

  private look(now: number): void {
    this.lookAgainAt = now + LOOK_EVERY_MS;
    let state = 'gone';
    try {
      state = this.state();
      if (state === this.seen) return;
      this.keys = this.read();
      this.logger.log(`read ${this.keys.size} keys again from ${this.path}`);
    } catch (cause) {
      // Told once for each state of the file, not at every look.
      if (state !== this.seen)
        this.logger.error(
          `CORE_ERR_ACCESS_KEY_FILE: the key file ${this.path} cannot be used, the keys read before stay: ${reasonOf(cause)}`,
        );
    }
    this.seen = state;
  }

  /** Changes with whatever is done to the file, also when another takes its place. */
  private state(): string {
    const stats: BigIntStats = statSync(this.path, { bigint: true });
    if (!stats.isFile()) throw new Error('it is no file');
    if (stats.size > MAX_BYTES) throw new Error(`it has ${stats.size} bytes, more than ${MAX_BYTES}`);
    return `${stats.dev} ${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`;
  }

  private read(): KeyRing {
    return new KeyRing(parseKeys(readFileSync(this.path, 'utf8')));
  }

  /** The folder rather than the file: another file may take its place. Where nothing can be watched, looking is enough. */
  private watch(): FSWatcher | undefined {
    try {
      const watcher = watch(dirname(this.path), { persistent: false }, () => (this.lookAgainAt = 0));
      watcher.on('error', () => watcher.close());
      return watcher;
    } catch {
      return undefined;
    }
  }
}

/** System errors name path and call; our own say what to do. Neither has a key in it. */
function reasonOf(cause: unknown): string {
  return (cause as Error).message;
}
