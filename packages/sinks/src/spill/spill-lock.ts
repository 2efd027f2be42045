import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sinksError } from '../sinks.errors.js';

/** How often a holder says that it lives. */
const BEAT_MS = 2_000;
/** Silence after which a holder of another machine or container is taken for dead. */
const SILENT_MS = 15_000;
/** Time for another process that takes a dead one's lock at the same moment. */
const RACE_MS = 50;

interface Holder {
  readonly id: string;
  readonly pid: number;
  /** When the process began, in ticks since the machine did: a process id is used again. */
  readonly started: string;
  /** Machine, container and boot: where process ids mean the same. */
  readonly where: string;
}

/** One process has a folder. It lets go by ending, however it ends: a dead holder is found out by its process id. */
export class SpillLock {
  private readonly file: string;
  private readonly self: Holder = {
    id: randomUUID(),
    pid: process.pid,
    started: startOf(process.pid) ?? '',
    where: whereabouts(),
  };
  private beat: NodeJS.Timeout | undefined;
  private renewing: Promise<void> = Promise.resolve();
  private held = false;

  constructor(private readonly folder: string) {
    this.file = join(folder, 'lock');
  }

  /** Whether the folder is still this process's own. */
  get isHeld(): boolean {
    return this.held;
  }

  /** @throws {SINK_ERR_SPILL_LOCKED} */
  async take(): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    if (!(await this.create())) await this.takeOver();
    this.held = true;
    this.beat = setInterval(() => (this.renewing = this.renew()), BEAT_MS);
    this.beat.unref();
  }

  async release(): Promise<void> {
    clearInterval(this.beat);
    if (!this.held) return;
    this.held = false;
    await this.renewing;
    await rm(this.file, { force: true });
  }

  private async regain(): Promise<void> {
    try {
      await mkdir(this.folder, { recursive: true });
      await this.create();
    } catch {
      // Tried again with the next beat.
    }
  }

  private async create(): Promise<boolean> {
    try {
      const handle = await open(this.file, 'wx');
      await handle.writeFile(JSON.stringify(this.self)).finally(() => handle.close());
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  }

  /** Takes a dead holder's place; of two that try, the last one to write has it. */
  private async takeOver(): Promise<void> {
    const holder = await this.holder();
    if (await this.isAlive(holder)) throw this.lockedBy(holder);
    const own = `${this.file}.${this.self.id}`;
    const handle = await open(own, 'wx');
    await handle.writeFile(JSON.stringify(this.self)).finally(() => handle.close());
    await rename(own, this.file);
    await delay(RACE_MS);
    const now = await this.holder();
    if (now?.id !== this.self.id) throw this.lockedBy(now);
  }

  private lockedBy(holder: Holder | undefined): Error {
    return sinksError(
      'SINK_ERR_SPILL_LOCKED',
      `process ${holder?.pid ?? 'unknown'} uses the spill folder ${this.folder}: give each process its own`,
    );
  }

  private async holder(): Promise<Holder | undefined> {
    try {
      return JSON.parse(await readFile(this.file, 'utf8')) as Holder;
    } catch {
      return undefined;
    }
  }

  private async isAlive(holder: Holder | undefined): Promise<boolean> {
    if (holder?.where === this.self.where) return holder.started !== '' && startOf(holder.pid) === holder.started;
    const { mtimeMs } = await stat(this.file).catch(() => ({ mtimeMs: 0 }));
    return Date.now() - mtimeMs < SILENT_MS;
  }

  /** Says that the holder lives, and looks whether it still is the holder. */
  async renew(): Promise<void> {
    const now = new Date();
    await utimes(this.file, now, now).catch(() => undefined);
    const holder = await this.holder();
    if (holder && holder.id !== this.self.id) this.held = false;
    // Somebody has deleted it, perhaps with its folder: whoever comes is to find it.
    if (!holder && this.held) await this.regain();
  }
}

/** The start time of a process that runs; `undefined`: there is none. */
function startOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name, in brackets, may hold anything. A zombie runs no more.
    const [state, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? undefined : fields[18];
  } catch {
    return hasProc() ? undefined : aliveWithoutProc(pid);
  }
}

function hasProc(): boolean {
  try {
    return readlinkSync('/proc/self') !== '';
  } catch {
    return false;
  }
}

function aliveWithoutProc(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
    return 'alive';
  } catch {
    return undefined;
  }
}

function whereabouts(): string {
  const read = (of: () => string): string => {
    try {
      return of().trim();
    } catch {
      return '';
    }
  };
  const boot = read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1'));
  return [hostname(), read(() => readlinkSync('/proc/self/ns/pid')), boot].join(' ');
}
