import type { Clock } from '@witan/core';
import { inferenceError } from '../inference.errors.js';
import type { ManagedModel } from './managed-model.js';
import type { ModelVersion } from './model-version.js';
import { repositoryError } from './repository.errors.js';

/** How much may be loaded at once. */
export interface LoadedLimits {
  /** Versions of models, those that may not be let go included. @default 128 */
  readonly maxModels?: number;
  /** Bytes of their files. @default no limit */
  readonly maxBytes?: number;
  /** Resident memory of the process, looked at after every load. @default no limit */
  readonly maxRssBytes?: number;
}

export const DEFAULT_MAX_MODELS = 128;
const LOOK_AGAIN_MS = 20;
const WAIT_FOR_ROOM_MS = 10_000;

/** A place taken by a load that is under way. */
export interface Room {
  leave(): void;
}

interface Entry {
  readonly model: ManagedModel;
  readonly version: ModelVersion;
}

/** What is loaded, in the order of its last use: what was not used for longest makes room for what is asked for. */
export class LoadedVersions {
  private readonly entries = new Map<ModelVersion, Entry>();
  private bytes = 0;
  private comingCount = 0;
  private comingBytes = 0;
  private uses = 0;

  /** @throws {INF_ERR_OPTIONS} when a limit is out of its range */
  constructor(
    private readonly limits: LoadedLimits,
    private readonly clock: Clock,
    private readonly mayGo: (model: ManagedModel) => boolean,
    private readonly rssBytes: () => number = () => process.memoryUsage.rss(),
  ) {
    checkLimits(limits);
  }

  get count(): number {
    return this.entries.size;
  }

  touch(version: ModelVersion): void {
    version.usedAt = ++this.uses;
  }

  add(model: ManagedModel, version: ModelVersion): void {
    if (this.entries.has(version)) return;
    this.entries.set(version, { model, version });
    this.bytes += version.bytes;
    this.touch(version);
  }

  delete(version: ModelVersion): void {
    if (this.entries.delete(version)) this.bytes -= version.bytes;
  }

  /**
   * Lets go what has to go for a load of that size, and keeps the place for it.
   * @throws {INF_ERR_MODEL_UNAVAILABLE} when everything else is pinned, or in use for too long
   */
  async makeRoom(model: ManagedModel, bytes: number): Promise<Room> {
    const end = this.clock.now() + WAIT_FOR_ROOM_MS;
    while (!this.fits(bytes)) {
      const victim = this.leastRecentlyUsed();
      if (victim) await victim.model.evict(victim.version);
      else if (this.clock.now() >= end || !this.someMayGo()) throw this.full(model, bytes);
      else await this.pause();
    }
    return this.take(bytes);
  }

  /** Lets go what is too much: versions that came beside others, or more memory than files have bytes. */
  async trim(): Promise<void> {
    const { maxRssBytes } = this.limits;
    for (;;) {
      const isOverRss = maxRssBytes !== undefined && this.rssBytes() > maxRssBytes;
      const victim = isOverRss || !this.fits(0, 0) ? this.leastRecentlyUsed(1) : undefined;
      if (!victim) return;
      await victim.model.evict(victim.version);
    }
  }

  private fits(bytes: number, count = 1): boolean {
    const { maxModels = DEFAULT_MAX_MODELS, maxBytes = Infinity } = this.limits;
    const all = this.bytes + this.comingBytes + bytes;
    // A model larger than the limit is taken when it is alone.
    const isAlone = this.entries.size + this.comingCount === 0;
    return this.entries.size + this.comingCount + count <= maxModels && (all <= maxBytes || isAlone);
  }

  private take(bytes: number): Room {
    this.comingCount++;
    this.comingBytes += bytes;
    let taken = true;
    return {
      leave: () => {
        if (!taken) return;
        taken = false;
        this.comingCount--;
        this.comingBytes -= bytes;
      },
    };
  }

  /** `keep`: how many of the most recently used stay whatever happens. */
  private leastRecentlyUsed(keep = 0): Entry | undefined {
    const idle = [...this.entries.values()].filter((each) => this.mayGo(each.model) && !each.version.served?.isBusy);
    idle.sort((a, b) => a.version.usedAt - b.version.usedAt);
    return idle.length > keep ? idle[0] : undefined;
  }

  private someMayGo(): boolean {
    return this.comingCount > 0 || [...this.entries.values()].some((each) => this.mayGo(each.model));
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => void this.clock.setTimer(resolve, LOOK_AGAIN_MS));
  }

  private full(model: ManagedModel, bytes: number): Error {
    const { maxModels = DEFAULT_MAX_MODELS, maxBytes } = this.limits;
    const limit = `at most ${maxModels} models${maxBytes === undefined ? '' : ` and ${maxBytes} bytes`} may be loaded`;
    return repositoryError(
      'INF_ERR_MODEL_UNAVAILABLE',
      `there is no room for model '${model.name}' (${bytes} bytes): ${limit}, and the ${this.count} that are loaded (${this.bytes} bytes) are pinned, declared or in use`,
      { retryAfterMs: 1_000 },
    );
  }
}

function checkLimits(limits: LoadedLimits): void {
  for (const [name, value] of Object.entries(limits)) {
    if (value === undefined || (Number.isSafeInteger(value) && value >= 1)) continue;
    throw inferenceError('INF_ERR_OPTIONS', `loaded.${name} is ${String(value)}: it must be a whole number from 1 on`);
  }
}
