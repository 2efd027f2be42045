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

/** The listing that a manifest makes; the same list again while the manifest is unchanged and says all. */
export class ManifestList {
  private known: { readonly tag: string | undefined; readonly entries: readonly ManifestEntry[] } | undefined;
  private last: readonly StoreFile[] | undefined;

  constructor(private readonly source: ManifestSource) {}

  async files(signal?: AbortSignal): Promise<readonly StoreFile[]> {
    const answer = await this.source.fetch(this.known?.tag, signal);
    if (answer === 'same') {
      const { entries } = this.known ?? unasked(this.source.what);
      return this.last && entries.every(isComplete) ? this.last : this.filesOf(entries, signal);
    }
    const entries = parseManifest(answer.text, this.source.what).filter(({ path }) => isListed(path));
    const files = await this.filesOf(entries, signal);
    this.known = { tag: answer.tag, entries };
    return files;
  }

  private async filesOf(entries: readonly ManifestEntry[], signal?: AbortSignal): Promise<readonly StoreFile[]> {
    const files = await limited(entries, ASK_AT_ONCE, (entry) => this.fileOf(entry, signal));
    this.last = files.filter((file) => file !== undefined);
    return this.last;
  }

  private async fileOf(entry: ManifestEntry, signal?: AbortSignal): Promise<StoreFile | undefined> {
    const { path, bytes, sha256, etag } = entry;
    if (isComplete(entry)) {
      return { path, bytes: bytes!, revision: revisionOf({ sha256, etag, bytes: bytes! }), ...(sha256 && { sha256 }) };
    }
    const asked = await this.source.ask(path, signal);
    if (!asked || sha256 === undefined) return asked;
    return { path, bytes: asked.bytes, revision: revisionOf({ sha256, bytes: asked.bytes }), sha256 };
  }
}

/** Whether the manifest says enough; about other files the store is asked each time. */
function isComplete({ bytes, sha256, etag }: ManifestEntry): boolean {
  return bytes !== undefined && (sha256 ?? etag) !== undefined;
}

function unasked(what: string): never {
  throw storeError('INF_ERR_STORE_ANSWER', `${what}: 'not modified' was answered to a request without a condition`);
}
