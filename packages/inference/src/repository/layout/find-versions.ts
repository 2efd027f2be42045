import type { StoreFile } from '../../store/store.js';
import type { ParsedConfig } from './config/parsed-config.js';
import type { ModelGroup } from './model-group.js';
import { isNumberedVersion, isSafeName, quoted } from './names.js';

/** A version's files, by their paths. */
export interface FoundVersion {
  readonly version: string;
  readonly modelFile: StoreFile;
  readonly files: readonly StoreFile[];
}

const DEFAULT_MODEL_FILE = 'model.onnx';
/** Of the model as a whole, not of a version. */
const CONFIG_FILES = new Set(['config.pbtxt', 'witan.yaml', 'MLmodel']);

/** A folder of the group: the names below it, without the path to it. */
interface Folder {
  readonly prefix: string;
  readonly files: readonly StoreFile[];
}

/**
 * The versions of a model, in no order. What looks like one and is none is told to `ignore`.
 * `without version folders` there is one, called `1`.
 */
export function findVersions(group: ModelGroup, parsed: ParsedConfig, ignore: (text: string) => void): FoundVersion[] {
  if (group.single) return [{ version: '1', modelFile: group.single, files: group.files }];
  const prefix = group.folder === '' ? '' : `${group.folder}/`;
  const versions = [...versionFolders(group.files, prefix)].flatMap(([version, files]) => {
    return versionIn(version, { prefix: `${prefix}${version}/`, files }, parsed, ignore) ?? [];
  });
  const own = modelFileIn({ prefix, files: group.files }, parsed.modelFile);
  if (versions.length === 0 && own) return [{ version: '1', modelFile: own, files: filesBeside(group.files, prefix) }];
  // MLflow's file may lie in a folder of its own.
  const isBeside = own !== undefined && versions.every(({ modelFile }) => modelFile !== own);
  if (isBeside) ignore(`${own.path.slice(prefix.length)}: there are version folders beside it`);
  return versions;
}

function versionFolders(files: readonly StoreFile[], prefix: string): Map<string, StoreFile[]> {
  const folders = new Map<string, StoreFile[]>();
  for (const file of files) {
    const slash = file.path.indexOf('/', prefix.length);
    if (slash < 0) continue;
    const name = file.path.slice(prefix.length, slash);
    const known = folders.get(name);
    if (known) known.push(file);
    else folders.set(name, [file]);
  }
  return folders;
}

function versionIn(
  version: string,
  folder: Folder,
  { anyVersionNames, modelFile: wanted }: ParsedConfig,
  ignore: (text: string) => void,
): FoundVersion | undefined {
  const fault = versionFault(version, anyVersionNames === true);
  const modelFile = modelFileIn(folder, wanted);
  if (modelFile && fault === undefined) return { version, modelFile, files: folder.files };
  // A folder that is neither called like a version nor has a model is none of ours.
  if (fault === undefined && (isNumberedVersion(version) || hasModel(folder))) {
    ignore(`version ${quoted(version)}: ${missing(folder, wanted)}`);
  } else if (fault !== undefined && (modelFile || /^\d+$/.test(version))) {
    ignore(`version folder ${quoted(version)}: ${fault}`);
  }
  return undefined;
}

function versionFault(version: string, anyName: boolean): string | undefined {
  if (anyName) return isSafeName(version) ? undefined : 'versions have letters, digits and . _ - in their names';
  if (isNumberedVersion(version)) return undefined;
  if (/^0+$/.test(version)) return 'versions begin at 1';
  if (/^0\d+$/.test(version)) return 'versions are written without leading zeros';
  return 'versions are whole numbers, unless the model has a witan.yaml';
}

/** The file that was asked for, as such or as a folder with `model.onnx` in it; else the only `.onnx` that there is. */
function modelFileIn({ prefix, files }: Folder, wanted: string | undefined): StoreFile | undefined {
  const path = prefix + (wanted ?? DEFAULT_MODEL_FILE);
  const find = (candidate: string): StoreFile | undefined => files.find((file) => file.path === candidate);
  const named = find(path) ?? find(`${path}/${DEFAULT_MODEL_FILE}`);
  if (named || wanted !== undefined) return named;
  const models = modelsIn({ prefix, files });
  return models.length === 1 ? models[0] : undefined;
}

/** The `.onnx` files of a folder itself. */
function modelsIn({ prefix, files }: Folder): StoreFile[] {
  return files.filter(({ path }) => path.endsWith('.onnx') && !path.slice(prefix.length).includes('/'));
}

function hasModel({ files }: Folder): boolean {
  return files.some(({ path }) => path.endsWith('.onnx'));
}

function missing(folder: Folder, wanted = DEFAULT_MODEL_FILE): string {
  const others = modelsIn(folder).map(({ path }) => quoted(path.slice(folder.prefix.length)));
  return `it has no ${wanted}${others.length > 0 ? ` (it has ${others.slice(0, 5).join(', ')})` : ''}`;
}

/** Without version folders everything but the configuration is the version's. */
function filesBeside(files: readonly StoreFile[], prefix: string): StoreFile[] {
  return files.filter(({ path }) => !CONFIG_FILES.has(path.slice(prefix.length)));
}
