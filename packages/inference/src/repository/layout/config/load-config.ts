import type { StoreFile } from '../../../store/store.js';
import { configFromText } from '../triton/read-triton-config.js';
import { MAX_CONFIG_BYTES } from './limits.js';
import type { ParsedConfig } from './parsed-config.js';
import { configFromMlModel } from './read-mlmodel.js';
import { configFromWitanYaml } from './read-witan-yaml.js';

/** Gives the text of a file of the store. */
export type ReadText = (file: StoreFile, maxBytes: number) => Promise<string>;

/** The first that is there is read. */
const READERS: readonly (readonly [
  name: string,
  read: (text: string, path: string) => ParsedConfig | Promise<ParsedConfig>,
])[] = [
  ['witan.yaml', configFromWitanYaml],
  ['config.pbtxt', configFromText],
  ['MLmodel', configFromMlModel],
];
const NONE: ParsedConfig = { config: { ignored: [] }, labelFiles: new Map() };

/** A model's configuration, and the file that it came from. */
export interface LoadedConfig {
  readonly parsed: ParsedConfig;
  readonly file?: StoreFile;
}

/**
 * Reads the configuration that applies to a folder's model; the others are said to be ignored.
 * @throws {INF_ERR_MODEL_CONFIG} and what the store throws
 */
export async function loadConfig(folder: string, files: readonly StoreFile[], read: ReadText): Promise<LoadedConfig> {
  const prefix = folder === '' ? '' : `${folder}/`;
  const fileOf = (name: string): StoreFile | undefined => files.find(({ path }) => path === prefix + name);
  const found = READERS.flatMap(([name, parse]) => {
    const file = fileOf(name);
    return file ? [{ name, parse, file }] : [];
  });
  const [first, ...others] = found;
  const texts = others.map(({ name }) => `${name}: ${first!.name} goes first`);
  if (fileOf('witan.yml')) texts.push('witan.yml: it must be called witan.yaml');
  if (!first) return { parsed: texts.length > 0 ? withIgnored(NONE, texts) : NONE };
  const parsed = await first.parse(await read(first.file, MAX_CONFIG_BYTES), first.file.path);
  return { parsed: withIgnored(parsed, texts), file: first.file };
}

function withIgnored(parsed: ParsedConfig, texts: readonly string[]): ParsedConfig {
  if (texts.length === 0) return parsed;
  return { ...parsed, config: { ...parsed.config, ignored: [...texts, ...parsed.config.ignored] } };
}
