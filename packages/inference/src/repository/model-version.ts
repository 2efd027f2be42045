import type { Clock } from '@witan/core';
import type { ServedModel } from '../model/served-model.js';
import { BackOff } from './back-off.js';
import { withoutPlaces } from './caller-text.js';
import type { VersionListing } from './listing.js';
import type { VersionDescription, VersionState } from './model-directory.js';
import { repositoryError } from './repository.errors.js';

export interface ModelVersionParts {
  /** The model's name, for messages. */
  readonly model: string;
  readonly listing: VersionListing;
  readonly clock: Clock;
  /**
   * Fetches, verifies, loads and warms up; and gives it back only if it may serve. `isWanted`: the version was not
   * released since.
   */
  readonly open: (version: ModelVersion, isWanted: () => boolean) => Promise<ServedModel>;
  readonly drainMs: number;
}

/** One version of a model in one revision of its files: loaded at most once at a time, and let go without a gap. */
export class ModelVersion {
  readonly version: string;
  readonly listing: VersionListing;
  /** Ready to run; `undefined` while it is not. */
  served: ServedModel | undefined;
  /** When it was last used, in uses of the whole repository; see LoadedVersions. */
  usedAt = 0;
  /** Why it is not ready, where it did not fail. */
  reason = '';
  private loadedAt: number | undefined;
  private loading: Promise<ServedModel> | undefined;
  /** A load that began before the last release is thrown away. */
  private epoch = 0;
  private leaving = 0;
  private readonly backOff: BackOff;

  constructor(private readonly parts: ModelVersionParts) {
    this.listing = parts.listing;
    this.version = parts.listing.version;
    this.backOff = new BackOff(parts.clock);
  }

  get isReady(): boolean {
    return this.served !== undefined;
  }

  get isLoading(): boolean {
    return this.loading !== undefined;
  }

  /** What the last try to load it ended with. */
  get failure(): Error | undefined {
    return this.backOff.error;
  }

  /** Until another try makes sense, in milliseconds. */
  get retryAfterMs(): number {
    return this.backOff.waitMs;
  }

  get bytes(): number {
    return this.listing.files.reduce((sum, file) => sum + file.bytes, 0);
  }

  get state(): VersionState {
    if (this.served) return this.served.state === 'failed' ? 'UNAVAILABLE' : 'READY';
    if (this.loading) return 'LOADING';
    return this.leaving > 0 ? 'UNLOADING' : 'UNAVAILABLE';
  }

  /** The next load is tried at once, however often it failed. */
  retryNow(): void {
    this.backOff.retryNow();
  }

  /** Loaded once, however many ask. @throws what `open` throws */
  load(): Promise<ServedModel> {
    if (this.served) return Promise.resolve(this.served);
    return (this.loading ??= this.open(++this.epoch));
  }

  /** Takes it out of use at once, answers what is under way, and lets its memory go. */
  async release(reason: string): Promise<void> {
    const { served } = this;
    this.reason = reason;
    this.epoch++;
    this.loading = undefined;
    this.served = undefined;
    this.loadedAt = undefined;
    if (!served) return;
    this.leaving++;
    try {
      await this.endOfTurn();
      await served.close(this.parts.drainMs);
    } finally {
      this.leaving--;
    }
  }

  describe(lazy: boolean): VersionDescription {
    const { version, state, bytes, loadedAt } = this;
    const failure = this.failure ?? this.served?.failure;
    const reason = state === 'READY' || state === 'LOADING' ? '' : withoutPlaces(failure?.message ?? this.reason);
    const code = state === 'UNAVAILABLE' ? (failure as { code?: string } | undefined)?.code : undefined;
    return { version, state, reason, lazy, bytes, ...(code && { code }), ...(loadedAt && { loadedAt }) };
  }

  private async open(epoch: number): Promise<ServedModel> {
    try {
      const served = await this.parts.open(this, () => epoch === this.epoch);
      if (epoch !== this.epoch) {
        await served.close(0);
        throw repositoryError(
          'INF_ERR_MODEL_UNAVAILABLE',
          `version ${this.version} of model '${this.parts.model}' was unloaded while it was being loaded`,
        );
      }
      this.backOff.reset();
      this.served = served;
      this.loadedAt = this.parts.clock.epochMs();
      return served;
    } catch (error) {
      if (epoch === this.epoch) this.backOff.failed(error);
      throw error;
    } finally {
      if (epoch === this.epoch) this.loading = undefined;
    }
  }

  /** Whoever was given it in this turn may still begin a run in this turn. */
  private endOfTurn(): Promise<void> {
    return new Promise((resolve) => this.parts.clock.nextTurn(resolve));
  }
}
