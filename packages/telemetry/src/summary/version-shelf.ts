import { VersionDrift } from './drift/version-drift.js';
import type { ResolvedSummaryOptions } from './summary-options.js';
import type { VersionWatch } from './version-watch.js';

/** A version's summaries and alarms. */
export interface ShelvedVersion {
  readonly watch: VersionWatch;
  readonly drift: VersionDrift;
  /** The second of its latest run. */
  second: number;
}

/** The versions that are watched, at most so many with so many columns: the one that was idle longest makes room. */
export class VersionShelf {
  /** Versions that had to go. */
  dropped = 0;
  private readonly models = new Map<string, Map<string, ShelvedVersion>>();
  private size = 0;
  private second = -1;
  private activeNow = 0;
  private activeBefore = 1;

  constructor(
    private readonly limits: Pick<ResolvedSummaryOptions, 'maxVersions' | 'maxColumns' | 'maxVersionColumns'>,
    private readonly clearAt: number,
    private readonly create: (model: string, version: string) => VersionWatch,
  ) {}

  /** The version's place, made if there is none. */
  at(model: string, version: string): ShelvedVersion {
    return this.models.get(model)?.get(version) ?? this.add(model, version);
  }

  /** Among how many versions the work of this second is to be shared: those that ran in the one before. */
  sharers(version: ShelvedVersion, nowMs: number): number {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.second) {
      this.activeBefore = Math.max(1, this.activeNow);
      this.activeNow = 0;
      this.second = second;
    }
    if (version.second !== second) {
      version.second = second;
      this.activeNow++;
    }
    return Math.max(this.activeBefore, this.activeNow);
  }

  /** @param version `undefined`: the one that ran last */
  find(model: string, version: string | undefined): ShelvedVersion | undefined {
    const versions = this.models.get(model);
    if (version !== undefined || !versions) return versions?.get(version!);
    return [...versions.values()].reduce((a, b) => (b.watch.lastMs >= a.watch.lastMs ? b : a));
  }

  versionsOf(model: string): string[] {
    return [...(this.models.get(model)?.keys() ?? [])];
  }

  modelNames(): string[] {
    return [...this.models.keys()];
  }

  *all(): Generator<ShelvedVersion> {
    for (const versions of this.models.values()) yield* versions.values();
  }

  private add(model: string, version: string): ShelvedVersion {
    while (this.size > 0 && !this.hasRoom()) this.dropIdlest();
    const added = { watch: this.create(model, version), drift: new VersionDrift(this.clearAt), second: -1 };
    const versions = this.models.get(model) ?? new Map<string, ShelvedVersion>();
    versions.set(version, added);
    this.models.set(model, versions);
    this.size++;
    return added;
  }

  /** For one more version, with as many columns as it may have. */
  private hasRoom(): boolean {
    const { maxVersions, maxColumns, maxVersionColumns } = this.limits;
    let columns = 0;
    for (const { watch } of this.all()) columns += watch.columns;
    return this.size < maxVersions && columns + maxVersionColumns <= maxColumns;
  }

  private dropIdlest(): void {
    let idlest: VersionWatch | undefined;
    for (const { watch } of this.all()) if (!idlest || watch.lastMs < idlest.lastMs) idlest = watch;
    if (!idlest) return;
    const versions = this.models.get(idlest.model)!;
    versions.delete(idlest.version);
    if (versions.size === 0) this.models.delete(idlest.model);
    this.size--;
    this.dropped++;
  }
}
