import { storeError } from '../store.errors.js';
import type { StoreFile } from '../store.js';
import { isListed } from './listing.js';
import { limited } from './limited.js';
import { type ManifestEntry, parseManifest } from './manifest.js';
import { revisionOf } from './revision.js';

/** How many files that a manifest says too little about are asked about at a time. */
const ASK_AT_ONCE = 8;

/** A manifest as a store gave it, or `'same'` where it still is the one with that tag. */
export type ManifestAnswer = 'same' | { readonly text: string; readonly tag: string | undefined };

export interface ManifestSource {
  /** The manifest's address, for messages. */
  readonly what: string;
  fetch(tag: string | undefined, signal?: AbortSignal): Promise<ManifestAnswer>;
  /** What the store itself says about a file; `undefined` when it has none. */
  ask(path: string, signal?: AbortSignal): Promise<StoreFile | undefined>;
}

/** The listing that a manifest makes; the same list again while the manifest is unchanged. */
export class ManifestList {
  private known: { readonly tag: string | undefined; readonly files: readonly StoreFile[] } | undefined;

  constructor(private readonly source: ManifestSource) {}

  async files(signal?: AbortSignal): Promise<readonly StoreFile[]> {
    const answer = await this.source.fetch(this.known?.tag, signal);
    if (answer === 'same') return this.known?.files ?? unasked(this.source.what);
    const entries = parseManifest(answer.text, this.source.what).filter(({ path }) => isListed(path));
    const files = await limited(entries, ASK_AT_ONCE, (entry) => this.fileOf(entry, signal));
    const there = files.filter((file) => file !== undefined);
    this.known = { tag: answer.tag, files: there };
    return there;
  }

  private async fileOf(entry: ManifestEntry, signal?: AbortSignal): Promise<StoreFile | undefined> {
    const { path, bytes, sha256, etag } = entry;
    if (bytes !== undefined && (sha256 ?? etag) !== undefined) {
      return { path, bytes, revision: revisionOf({ sha256, etag, bytes }), ...(sha256 && { sha256 }) };
    }
    const asked = await this.source.ask(path, signal);
    if (!asked || sha256 === undefined) return asked;
    return { path, bytes: asked.bytes, revision: revisionOf({ sha256, bytes: asked.bytes }), sha256 };
  }
}

function unasked(what: string): never {
  throw storeError('INF_ERR_STORE_ANSWER', `${what}: 'not modified' was answered to a request without a condition`);
}
