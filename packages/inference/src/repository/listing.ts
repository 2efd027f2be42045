import type { StoreFile } from '../store/store.js';
import type { ModelConfig } from './model-config.js';

/** One version of a model as it lies in a store. */
export interface VersionListing {
  /** The folder's name: Triton's are whole numbers, others may be any safe name; `'1'` where there are no version folders. */
  readonly version: string;
  /** The `.onnx` file; among {@link files}. */
  readonly modelFile: StoreFile;
  /** Everything that belongs to the version: the model file, external data, a vectorization file. */
  readonly files: readonly StoreFile[];
  /** Changes whenever one of the files, or the configuration that applies to them, does. */
  readonly revision: string;
}

/** One model as it lies in a store. */
export interface ModelListing {
  readonly name: string;
  /** Its folder below the store's root, or the folder of its single file. */
  readonly folder: string;
  /** Ascending: whole numbers by value, then other names, numerals within them by value. */
  readonly versions: readonly VersionListing[];
  readonly config: ModelConfig;
  /** Changes whenever anything of the model does. */
  readonly revision: string;
  /** Why none of it can be served: a configuration that cannot be read, no model file. */
  readonly problem?: Error;
}
