import type { ModelConfig } from '../../model-config.js';

/** A configuration as a file has it, and what of it only matters for finding the model's files. */
export interface ParsedConfig {
  readonly config: ModelConfig;
  /** The model's name, where the file gives one. */
  readonly name?: string;
  /** The model's file within a version's folder, a name or (MLflow) a path. @default 'model.onnx' */
  readonly modelFile?: string;
  /** Outputs and the files, below the model's folder, that name their classes. */
  readonly labelFiles: ReadonlyMap<string, string>;
  /** Versions may have any safe name, not only whole numbers. */
  readonly anyVersionNames?: boolean;
}
