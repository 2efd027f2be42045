import type { Store, StoreFile } from '../../../store/store.js';
import { readStoreText } from '../read-store.js';
import { layoutError } from '../layout.errors.js';
import { isIgnored, quoted } from '../names.js';
import { latestVersion } from '../versions.js';
import {
  type PathTemplate,
  resolveSegment,
  type TemplateSegment,
  type TemplateValues,
  valueText,
} from './path-template.js';
import { safeSegment, segmentFault } from './segment.js';

const LATEST = 'latest';
/** A manifest holds one name. */
const MAX_MANIFEST_BYTES = 4096;

/**
 * Puts a name in the place of every value that is `latest` and a whole segment: what the file `latest` (a line) or
 * `latest.json` (`"name"` or `{ "latest": "name" }`) in that folder says; else the folder called `latest`, if there is
 * one; else the greatest name by {@link compareVersions} below which there is a model.
 * @throws {INF_ERR_MODEL_PARAM} when there is nothing there, or the manifest names no segment
 */
export async function resolveLatest(
  store: Store,
  template: PathTemplate,
  values: TemplateValues,
  signal?: AbortSignal,
): Promise<TemplateValues> {
  let resolved = values;
  const path: string[] = [];
  for (const [i, segment] of template.segments.entries()) {
    const name = wholeParam(segment);
    if (name !== undefined && valueText(resolved[name]) === LATEST) {
      const isLast = i === template.segments.length - 1;
      resolved = { ...resolved, [name]: await latestIn(store, path.join('/'), isLast, signal) };
    }
    path.push(resolveSegment(segment, resolved));
  }
  return resolved;
}

function wholeParam({ texts, params }: TemplateSegment): string | undefined {
  return params.length === 1 && texts.every((text) => text === '') ? params[0] : undefined;
}

async function latestIn(store: Store, folder: string, isLast: boolean, signal?: AbortSignal): Promise<string> {
  const prefix = folder === '' ? '' : `${folder}/`;
  const named = await manifestName(store, prefix, signal);
  if (named !== undefined) return safeSegment(LATEST, named);
  const names = namesBelow(await store.list(folder, signal), prefix, isLast);
  const latest = names.has(LATEST) ? LATEST : latestVersion(names);
  if (latest !== undefined) return latest;
  throw layoutError('INF_ERR_MODEL_PARAM', `there is no latest in '${folder}' of ${store.uri}: no model lies below it`);
}

async function manifestName(store: Store, prefix: string, signal?: AbortSignal): Promise<string | undefined> {
  const [json, plain] = await Promise.all(
    [`${prefix}latest.json`, `${prefix}latest`].map((path) => store.stat(path, signal)),
  );
  const read = (file: StoreFile) => readStoreText(store, file, MAX_MANIFEST_BYTES, signal);
  if (json) return nameInJson(json.path, await read(json));
  return plain && (await read(plain)).trim();
}

function nameInJson(path: string, text: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const name = typeof value === 'object' && value !== null ? (value as { latest?: unknown }).latest : value;
  const found = valueText(name);
  if (found !== undefined) return found;
  throw layoutError(
    'INF_ERR_MODEL_PARAM',
    `${path} must be "name" or { "latest": "name" }; it begins ${quoted(text, 40)}`,
  );
}

/** The names in a folder below which there is a model; in the last folder a model's own file counts without its ending. */
function namesBelow(files: readonly StoreFile[], prefix: string, isLast: boolean): Set<string> {
  const names = new Set<string>();
  for (const { path } of files) {
    if (!path.startsWith(prefix) || !path.endsWith('.onnx')) continue;
    const rest = path.slice(prefix.length);
    const [name, ...below] = rest.split('/') as [string, ...string[]];
    if (isIgnored(rest) || segmentFault(name) !== undefined) continue;
    if (below.length > 0) names.add(name);
    else if (isLast) names.add(name.slice(0, -'.onnx'.length));
  }
  return names;
}
