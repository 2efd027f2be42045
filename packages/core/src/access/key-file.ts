import { type FSWatcher, readFileSync } from 'node:fs';
import type { Clock } from '../clock.js';
import { fileState, watchFolderOf } from '../lifecycle/file-state.js';
import { accessError } from './access.errors.js';
import { KeyRing } from './key-ring.js';
import { parseKeys } from './named-keys.js';

/** The part of Nest's logger that is needed. */
export interface KeyFileLog {
  log(message: string): void;
  error(message: string): void;
}

const LOOK_EVERY_MS = 1000;

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
    this.watcher = watchFolderOf(path, () => (this.lookAgainAt = 0));
    try {
      this.seen = fileState(path);
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
      state = fileState(this.path);
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

  private read(): KeyRing {
    return new KeyRing(parseKeys(readFileSync(this.path, 'utf8')));
  }
}

/** System errors name path and call; our own say what to do. Neither has a key in it. */
function reasonOf(cause: unknown): string {
  return (cause as Error).message;
}
