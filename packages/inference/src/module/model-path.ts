import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inferenceError } from '../inference.errors.js';

/**
 * The file of a model below the store: `path` itself, with `.onnx`, or `model.onnx` in the folder of that name.
 * @throws {INF_ERR_MODEL_NOT_FOUND} with every path that was looked at.
 */
export async function findModelFile(store: string | URL, name: string, path: string): Promise<string> {
  const folder = resolve(store instanceof URL ? fileURLToPath(store) : store);
  const base = resolve(folder, path);
  const candidates = base.endsWith('.onnx') ? [base] : [`${base}.onnx`, join(base, 'model.onnx'), base];
  for (const candidate of candidates) {
    const info = await stat(candidate).catch(() => undefined);
    if (info?.isFile()) return candidate;
  }
  throw inferenceError('INF_ERR_MODEL_NOT_FOUND', `model '${name}': no file at ${candidates.join(', nor at ')}`);
}
