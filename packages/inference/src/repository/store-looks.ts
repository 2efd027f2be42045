import type { ModelModuleOptions } from '../module/model-options.js';
import type { ModelListing } from './listing.js';
import { DEFAULT_MAX_MODELS } from './loaded-versions.js';
import type { ManagedModel } from './managed-model.js';
import type { ModelEntries, ModelEntry } from './model-entries.js';
import type { ModelShelves } from './model-shelves.js';
import type { RepositoryLog } from './repository-log.js';

export interface StoreLooksParts {
  readonly options: ModelModuleOptions;
  readonly entries: ModelEntries;
  readonly shelves: ModelShelves;
  readonly log: RepositoryLog;
  /** Gives a model back what was kept of it over a restart. */
  readonly restore: (model: ManagedModel) => Promise<void>;
}

/** Looks at where models come from, and tells each model what there is of it now. */
export class StoreLooks {
  /** What the looks have set going: loads go on after the look that found what to load. */
  private readonly effects = new Set<Promise<unknown>>();
  private warning: string | undefined;

  constructor(private readonly parts: StoreLooksParts) {}

  /** All places where models come from. */
  async everywhere(): Promise<void> {
    const { entries, options } = this.parts;
    const refreshed = [...entries.all()].filter((entry) => isLookedAt(entry));
    const store = options.serve === 'all' ? this.store() : undefined;
    await Promise.all([store, ...refreshed.map((entry) => this.one(entry, false))]);
  }

  /** Every model of the store. */
  async store(): Promise<void> {
    const { entries, shelves } = this.parts;
    const listings = await shelves.list().catch((error: unknown) => error as Error);
    if (listings instanceof Error) return this.warn(`the store could not be asked: ${listings.message}`);
    this.warn(shelves.outage);
    for (const listing of listings.values()) this.takeIn(listing);
    for (const entry of entries.all()) {
      if (entry.origin === 'found' && !entry.override && !listings.has(entry.model.name)) this.gone(entry);
    }
  }

  /** One model by itself; `wait`: until what was found has taken effect. */
  async one(entry: ModelEntry, wait: boolean): Promise<void> {
    if (entry.override) return this.withOverride(entry);
    const { model, source } = entry;
    const listing = await source.list().catch((error: unknown) => error as Error);
    if (listing instanceof Error) {
      model.storeWarning = `the store could not be asked: ${listing.message}`;
      return;
    }
    model.storeWarning = source.outage;
    entry.seen = listing;
    const update = model.update(listing);
    if (wait) await update;
    else this.effect(update);
  }

  /** Everything that was set going has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.effects);
  }

  private async withOverride({ model, source, override }: ModelEntry): Promise<void> {
    if (override!.source) return model.update(await override!.source.list());
    const listing = await source.list();
    const { withOverride } = await import('./load-override.js');
    if (listing) await model.update(withOverride(listing, override!.options));
  }

  private takeIn(listing: ModelListing): void {
    const { entries, options, shelves } = this.parts;
    const known = entries.find(listing.name);
    if (known && known.origin !== 'found') return;
    if (known) return this.changed(known, listing);
    const { loading = 'eager', prefetch = [] } = options;
    const isEager = prefetch.includes(listing.name) || (loading === 'eager' && this.hasRoom());
    const entry = entries.add('found', { name: listing.name }, shelves.at(listing.folder), !isEager);
    entry.seen = listing;
    entry.model.storeWarning = this.warning;
    this.effect(this.parts.restore(entry.model).then(() => entry.model.update(listing)));
  }

  /** Room for one more that is loaded although nobody asked for it. */
  private hasRoom(): boolean {
    const { maxModels = DEFAULT_MAX_MODELS } = this.parts.options.loaded ?? {};
    let eager = 0;
    for (const { model } of this.parts.entries.all()) if (!model.lazy) eager++;
    return eager < maxModels;
  }

  private changed(entry: ModelEntry, listing: ModelListing): void {
    const { seen, model } = entry;
    model.storeWarning = this.warning;
    if (entry.override || (seen === listing && !model.mayRetry)) return;
    entry.seen = listing;
    this.effect(model.update(listing));
  }

  private gone(entry: ModelEntry): void {
    const { model } = entry;
    entry.seen = undefined;
    const update = model.update(undefined);
    this.effect(update.then(() => (model.isOver ? this.parts.entries.delete(entry) : undefined)));
  }

  private effect(promise: Promise<unknown>): void {
    const settled = promise
      .catch((error: Error) => this.parts.log.warn(error.message))
      .finally(() => this.effects.delete(settled));
    this.effects.add(settled);
  }

  private warn(warning: string | undefined): void {
    if (warning === this.warning) return;
    this.warning = warning;
    const { log, entries } = this.parts;
    if (warning === undefined) log.log('the store answers again');
    else log.warn(warning);
    for (const { origin, model } of entries.all()) if (origin === 'found') model.storeWarning = warning;
  }
}

/** Models of the store are found all at once, and those that nobody uses are looked at when they are chosen again. */
function isLookedAt(entry: ModelEntry): boolean {
  const { origin, options, model } = entry;
  if (options.refresh === false || origin === 'found' || origin === 'given') return false;
  if (origin === 'declared' || model.served) return true;
  entry.seen = undefined;
  return false;
}
