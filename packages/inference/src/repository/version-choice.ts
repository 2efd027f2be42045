import { Aliases } from './aliases.js';
import { compareVersions } from './layout/versions.js';
import type { VersionListing } from './listing.js';
import type { ModelConfig, VersionPolicy } from './model-config.js';
import type { ModelVersion } from './model-version.js';
import { LATEST, wantedVersions } from './version-policy.js';

/** What code says goes before what the store says. */
export interface ChoiceRules {
  readonly policy?: VersionPolicy;
  /** A version or an alias. */
  readonly defaultVersion?: string;
}

const NO_CONFIG: ModelConfig = { ignored: [] };

/**
 * The versions of one model, and what follows from what is known of them: which are wanted, which are to be loaded now,
 * and which of the loaded ones answers. It changes nothing by itself.
 */
export class VersionChoice {
  config: ModelConfig = NO_CONFIG;
  /** By version: what the store has. */
  known: ReadonlyMap<string, ModelVersion> = new Map();
  /** By version: what is loaded; perhaps an older revision than the store's. */
  readonly ready = new Map<string, ModelVersion>();
  readonly aliases = new Aliases();
  /** Versions that an order to load has named. */
  readonly asked = new Set<string>();
  /** Versions that an order to unload has named. */
  readonly refused = new Set<string>();
  /** What a rollback went back to. */
  pinned: ModelVersion | undefined;
  /** What answers requests that name no version. */
  answering: ModelVersion | undefined;
  /** Nothing is wanted: the model was unloaded, or is being closed. */
  isOff = false;

  constructor(private readonly rules: ChoiceRules) {}

  get policy(): VersionPolicy {
    return this.rules.policy ?? this.config.versionPolicy ?? LATEST;
  }

  /** The version or alias that shall answer, where somebody said so. */
  get defaultName(): string | undefined {
    return this.rules.defaultVersion ?? this.config.defaultVersion;
  }

  /** The version object of that version and revision, if one is known, loaded or pinned. */
  find({ version, revision }: VersionListing): ModelVersion | undefined {
    const candidates = [this.known.get(version), this.ready.get(version), this.pinned];
    return candidates.find((each) => each?.version === version && each.listing.revision === revision);
  }

  /** What the name of a version or an alias stands for, loaded or not. */
  target(name: string): ModelVersion | undefined {
    const version = this.aliases.resolve(name);
    return this.pinned?.version === version ? this.pinned : this.known.get(version);
  }

  /** What answers requests for a version, an alias, or neither; `undefined` when it is not loaded. */
  loaded(name: string | undefined): ModelVersion | undefined {
    return name === undefined ? this.answering : this.ready.get(this.aliases.resolve(name));
  }

  /** What was chosen to answer, whatever is newer. */
  preferred(): ModelVersion | undefined {
    if (this.pinned) return this.pinned;
    return this.defaultName === undefined ? undefined : this.target(this.defaultName);
  }

  /** The versions that may answer requests that name none, best first. */
  candidates(): ModelVersion[] {
    if (this.isOff) return [];
    const listings = [...this.known.values()].map((each) => each.listing);
    const byPolicy = wantedVersions(listings, this.policy, (each) => this.isBroken(this.known.get(each.version)!));
    return this.withoutRefused([this.preferred(), ...byPolicy.map(({ version }) => this.target(version))]);
  }

  /** Every version that is to be served. */
  wanted(): ModelVersion[] {
    if (this.isOff) return [];
    const names = [...this.asked, ...Object.values(this.aliases.all())];
    return this.withoutRefused([...this.candidates(), ...names.map((name) => this.target(name))]);
  }

  /** Of the wanted versions, those to be loaded now. `force`: also of a lazy model of which nothing is loaded. */
  missing(isLazy: boolean, force: boolean, tried: ReadonlySet<ModelVersion>): ModelVersion[] {
    const wanted = this.wanted().filter((each) => !each.isReady && !tried.has(each) && each.retryAfterMs === 0);
    if (!isLazy) return wanted;
    if (!force && this.ready.size === 0) return [];
    // Of a lazy model, what answers, what somebody asked for, and what replaces something.
    const first = this.candidates().find((each) => each.isReady || wanted.includes(each));
    return wanted.filter((each) => each === first || this.asked.has(each.version) || this.ready.has(each.version));
  }

  /** Of the loaded versions, the one that is to answer. */
  best(): ModelVersion | undefined {
    if (this.isOff) return undefined;
    const candidates = [this.preferred(), ...this.candidates(), this.answering, ...this.newestFirst()];
    return candidates.find((each) => each?.served !== undefined && this.ready.get(each.version) === each);
  }

  /** Loaded, and neither wanted nor in the place of what is wanted and not there. `standIn`: what answers may stay. */
  unwanted(standIn: boolean): ModelVersion[] {
    const wanted = this.wanted();
    const isAwaited = ({ version }: ModelVersion): boolean =>
      wanted.some((each) => each.version === version && !each.isReady);
    return [...this.ready.values()].filter((each) => {
      if (wanted.includes(each)) return false;
      return this.isOff || !standIn || (each !== this.answering && !isAwaited(each) && !this.isGoneButNamed(each));
    });
  }

  /** The next older version than the one that answers. */
  older(): VersionListing | undefined {
    const { answering } = this;
    const isOlder = ({ version }: ModelVersion): boolean =>
      answering !== undefined && compareVersions(version, answering.version) < 0;
    return [...this.known.values()].filter(isOlder).at(-1)?.listing;
  }

  /** An alias names what the store has no more: its callers are answered until it is moved. */
  private isGoneButNamed({ version }: ModelVersion): boolean {
    return !this.known.has(version) && Object.values(this.aliases.all()).includes(version);
  }

  private isBroken(version: ModelVersion): boolean {
    return this.refused.has(version.version) || (version.failure !== undefined && !version.isReady);
  }

  private withoutRefused(versions: readonly (ModelVersion | undefined)[]): ModelVersion[] {
    const isWanted = (each: ModelVersion | undefined): each is ModelVersion =>
      !!each && !this.refused.has(each.version);
    return [...new Set(versions.filter(isWanted))];
  }

  private newestFirst(): ModelVersion[] {
    return [...this.ready.values()].sort((a, b) => compareVersions(b.version, a.version));
  }
}
