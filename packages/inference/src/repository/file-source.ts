import { stat } from 'node:fs/promises';
import { dirname, basename } from 'node:path';
import { inferenceError } from '../inference.errors.js';
import type { ModelListing, VersionListing } from './listing.js';
import type { ModelConfig } from './model-config.js';
import type { LocalFiles, ModelSource } from './model-source.js';

const NO_CONFIG: ModelConfig = { ignored: [] };

/** One `.onnx` file on this machine: a model with one version, loaded anew when the file is another. */
export class FileSource implements ModelSource {
  constructor(
    private readonly name: string,
    private readonly version: string,
    /** Looks for the file. @throws {INF_ERR_MODEL_NOT_FOUND} with what was looked at */
    private readonly find: () => Promise<string>,
  ) {}

  async list(): Promise<ModelListing> {
    const path = await this.find();
    const file = { path, ...(await stateOf(path)) };
    const version = { version: this.version, modelFile: file, files: [file], revision: `${path}:${file.revision}` };
    return {
      name: this.name,
      folder: dirname(path),
      versions: [version],
      config: NO_CONFIG,
      revision: version.revision,
    };
  }

  async fetch({ modelFile }: VersionListing): Promise<LocalFiles> {
    const { revision } = await stateOf(modelFile.path);
    if (revision === modelFile.revision) return { modelPath: modelFile.path, folder: dirname(modelFile.path) };
    const text = `${basename(modelFile.path)} of model '${this.name}' is another by now: it was overwritten`;
    throw inferenceError('INF_ERR_MODEL_NOT_FOUND', text);
  }
}

async function stateOf(path: string): Promise<{ bytes: number; revision: string }> {
  const { size, mtimeMs, ino } = await stat(path);
  return { bytes: size, revision: `${size}-${mtimeMs}-${ino}` };
}
