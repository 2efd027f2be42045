import type { ModelListing, VersionListing } from './listing.js';

/** A version's files on this machine. */
export interface LocalFiles {
  /** The `.onnx` file, with what belongs to it beside it. */
  readonly modelPath: string;
  /** The model's folder, for files that its configuration names. */
  readonly folder: string;
  /** They are needed no more: the model that was made of them is gone. */
  release?(): void;
}

/** Where one model's versions come from. */
export interface ModelSource {
  /**
   * What there is now; `undefined`: nothing of that name. The same object as before when nothing changed.
   * @throws {INF_ERR_STORE_UNAVAILABLE | INF_ERR_STORE_DENIED}
   */
  list(signal?: AbortSignal): Promise<ModelListing | undefined>;
  /** Brings a version's files to this machine, whole and verified. @throws {INF_ERR_STORE_CHANGED} when they are others by now */
  fetch(version: VersionListing, signal?: AbortSignal): Promise<LocalFiles>;
  /** That the store does not answer, and since when; what it had is served meanwhile. */
  readonly outage?: string;
}
