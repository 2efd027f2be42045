import { stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { inferenceError } from '../inference.errors.js';
import { externalLocationsOf } from './external-locations.js';

/** A model file and the weight files that it names. */
export interface ModelFiles {
  readonly bytes: number;
  /** Paths of the external data files. */
  readonly external: readonly string[];
}

/**
 * What belongs to a model, and how large it is.
 * @throws {INF_ERR_MODEL_NOT_FOUND} no file, or no file to be read, at `path`.
 * @throws {INF_ERR_EXTERNAL_DATA} the model names a weight file outside its own folder, or one that is not there.
 */
export async function inspectModelFiles(path: string): Promise<ModelFiles> {
  const bytes = await sizeOf(path).catch((cause: unknown) => {
    throw inferenceError('INF_ERR_MODEL_NOT_FOUND', `no model file at ${path}`, { cause });
  });
  const folder = dirname(path);
  const external = (await externalLocationsOf(path)).map((location) => inside(folder, location));
  const sizes = await Promise.all(
    external.map((file) => sizeOf(file).catch((cause: unknown) => missing(path, file, cause))),
  );
  return { bytes: sizes.reduce((sum, size) => sum + size, bytes), external };
}

async function sizeOf(path: string): Promise<number> {
  const info = await stat(path);
  if (!info.isFile()) throw new Error('not a file');
  return info.size;
}

function missing(path: string, file: string, cause: unknown): never {
  throw inferenceError('INF_ERR_EXTERNAL_DATA', `${path} keeps weights in ${file}, which is not there`, { cause });
}

/** A backslash or a NUL is refused on every system: a model is to be the same everywhere. */
function inside(folder: string, location: string): string {
  const path = join(folder, location);
  const way = relative(folder, path);
  const isBelow = way !== '' && way !== '..' && !/^\.\.[/\\]/.test(way) && !isAbsolute(way);
  if (isBelow && !isAbsolute(location) && !/[\\\0]/.test(location)) return path;
  throw inferenceError(
    'INF_ERR_EXTERNAL_DATA',
    `the model names ${JSON.stringify(location)} for its weights: they must lie inside its folder ${folder}`,
  );
}
