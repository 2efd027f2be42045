import { readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { inferenceError } from '../inference.errors.js';
import { findBytes, findTexts, readFields } from './wire.js';

/** Files above this size are taken to hold their weights themselves; looking would cost more than it tells. */
const LOOK_INTO_BYTES = 64 * 2 ** 20;

/** Field numbers of onnx.proto. */
const MODEL_GRAPH = 7;
const GRAPH_INITIALIZER = 5;
const TENSOR_EXTERNAL_DATA = 13;
const ENTRY = { key: 1, value: 2 } as const;

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
  if (bytes > LOOK_INTO_BYTES) return { bytes, external: [] };
  const folder = dirname(path);
  const external = locationsOf(await readFile(path)).map((location) => inside(folder, location));
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

/** The distinct `location`s of the initializers' external data; none for bytes that are no protobuf: loading tells better. */
function locationsOf(model: Uint8Array): string[] {
  try {
    const graph = findBytes(readFields(model), MODEL_GRAPH);
    const locations = new Set<string>();
    for (const field of graph ? readFields(graph) : []) {
      if (field.number !== GRAPH_INITIALIZER) continue;
      for (const entry of readFields(field.bytes)) {
        if (entry.number !== TENSOR_EXTERNAL_DATA) continue;
        const parts = readFields(entry.bytes);
        if (findTexts(parts, ENTRY.key)[0] === 'location') locations.add(findTexts(parts, ENTRY.value)[0] ?? '');
      }
    }
    return [...locations];
  } catch {
    return [];
  }
}

function inside(folder: string, location: string): string {
  const path = join(folder, location);
  const way = relative(folder, path);
  if (location !== '' && !isAbsolute(location) && way !== '' && !way.startsWith('..') && !isAbsolute(way)) return path;
  throw inferenceError(
    'INF_ERR_EXTERNAL_DATA',
    `the model names '${location}' for its weights: they must lie inside its folder ${folder}`,
  );
}
