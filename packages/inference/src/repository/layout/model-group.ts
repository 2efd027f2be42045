import type { StoreFile } from '../../store/store.js';
import { isIgnored, isSafeName } from './names.js';

/** The files of a store that belong to one name. */
export interface ModelGroup {
  readonly name: string;
  /** Below the store's root; `''` for the root itself. */
  readonly folder: string;
  readonly files: readonly StoreFile[];
  /** A model that is one `.onnx` file beside others, not a folder. */
  readonly single?: StoreFile;
  /** The name was made from the store's address: a configuration may give another. */
  readonly isRoot?: boolean;
}

const ENDING = '.onnx';

/** Takes the listing of a whole store apart, by model. */
export function groupsOf(files: readonly StoreFile[], uri: string): Map<string, ModelGroup[]> {
  const seen = files.filter(({ path }) => !isIgnored(path));
  if (isOneModel(seen))
    return new Map([[nameOfUri(uri), [{ name: nameOfUri(uri), folder: '', files: seen, isRoot: true }]]]);
  const groups = new Map<string, ModelGroup[]>();
  const add = (group: ModelGroup): void => {
    const others = groups.get(group.name);
    if (others) others.push(group);
    else groups.set(group.name, [group]);
  };
  for (const [name, below] of foldersOf(seen)) add({ name, folder: name, files: below });
  const beside = seen.filter(({ path }) => !path.includes('/'));
  for (const single of beside) if (single.path.endsWith(ENDING)) add(singleOf(single, beside));
  return groups;
}

/** A `.onnx` file and what lies beside it under its name: `iris.onnx`, `iris.onnx.data`, `iris.bin`. */
export function singleOf(single: StoreFile, beside: readonly StoreFile[]): ModelGroup {
  const stem = stemOf(single.path);
  const stems = beside
    .map(({ path }) => path)
    .filter((path) => path.endsWith(ENDING))
    .map(stemOf);
  const longer = stems.filter((other) => other.startsWith(`${stem}.`));
  const isOwn = ({ path }: StoreFile): boolean =>
    path.startsWith(`${stem}.`) && !path.endsWith(ENDING) && !longer.some((other) => path.startsWith(`${other}.`));
  const files = [single, ...beside.filter(isOwn)];
  const slash = stem.lastIndexOf('/');
  return { name: stem.slice(slash + 1), folder: slash < 0 ? '' : stem.slice(0, slash), files, single };
}

function stemOf(path: string): string {
  return path.slice(0, -ENDING.length);
}

function foldersOf(files: readonly StoreFile[]): Map<string, StoreFile[]> {
  const folders = new Map<string, StoreFile[]>();
  let name = '';
  let below: StoreFile[] = [];
  for (const file of files) {
    const slash = file.path.indexOf('/');
    if (slash < 0) continue;
    // Listings are sorted: nearly always it is the folder of the file before.
    if (slash !== name.length || !file.path.startsWith(name)) {
      name = file.path.slice(0, slash);
      below = folders.get(name) ?? [];
      folders.set(name, below);
    }
    below.push(file);
  }
  return folders;
}

/** Whether the root is itself a model's folder: by a configuration, or because its only model is called `model.onnx`. */
function isOneModel(files: readonly StoreFile[]): boolean {
  let models = 0;
  let isAtRoot = false;
  for (const { path } of files) {
    if (path === 'MLmodel' || path === 'config.pbtxt') return true;
    if (!path.endsWith(ENDING)) continue;
    models++;
    isAtRoot ||= path === `model${ENDING}`;
  }
  return isAtRoot && models === 1;
}

/** The last segment of a store's address, as far as it can be a name. */
function nameOfUri(uri: string): string {
  const [address = ''] = uri.split(/[?#]/);
  const last =
    address
      .replace(/[/\\]+$/, '')
      .split(/[/\\]/)
      .at(-1) ?? '';
  const name = last.endsWith(ENDING) ? stemOf(last) : last;
  return isSafeName(name) ? name : 'model';
}
