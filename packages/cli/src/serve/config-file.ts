import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { didYouMean } from '../settings/did-you-mean.js';
import { CommandError } from '../terminal.js';
import { dashed, SERVE_SETTINGS, type ServeSettings, SETTING_NAMES } from './serve-settings.js';

const MAX_BYTES = 1024 * 1024;

/**
 * The settings in a YAML file: every flag by its name without the dashes in front, and `store`. Paths are relative to
 * the file's folder.
 * @throws {CommandError} naming the key
 */
export async function readConfigFile(cwd: string, file: string): Promise<ServeSettings> {
  const path = resolve(cwd, file);
  const document = await parse(path, file);
  if (document === undefined || document === null) return {};
  if (typeof document !== 'object' || Array.isArray(document))
    throw new CommandError(`${file}: it must hold keys and values, such as 'http: 3000'`);
  const settings: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(document as Record<string, unknown>)) {
    const name = nameOf(key, file);
    settings[name] = valueOf(name, value, { where: `${file}: ${key}`, folder: dirname(path) });
  }
  return settings;
}

function nameOf(key: string, file: string): keyof ServeSettings {
  const name = SETTING_NAMES.find((each) => dashed(each) === key);
  if (name) return name;
  const known = SETTING_NAMES.map(dashed);
  throw new CommandError(`${file}: '${key}' is no setting${didYouMean(key, known)}: there are ${known.join(', ')}`);
}

function valueOf(name: keyof ServeSettings, value: unknown, place: { where: string; folder: string }): unknown {
  const { read, readTree } = SERVE_SETTINGS[name];
  if (readTree) return readTree(value, place);
  if (!read) {
    if (typeof value === 'boolean') return value;
    throw new CommandError(`${place.where}: ${shown(value)} is neither true nor false`);
  }
  const isScalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  if (!isScalar) throw new CommandError(`${place.where}: ${shown(value)} is no single value`);
  return read(String(value), place);
}

function shown(value: unknown): string {
  if (value === null) return 'nothing';
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'an object';
  return JSON.stringify(value).slice(0, 64);
}

async function parse(path: string, file: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new CommandError(`--config: ${file} cannot be read: ${error.message}`);
  });
  if (text.length > MAX_BYTES) throw new CommandError(`${file}: it has more than ${MAX_BYTES} characters`);
  const { JSON_SCHEMA, load } = await import('js-yaml');
  try {
    return load(text, { schema: JSON_SCHEMA });
  } catch (error) {
    throw new CommandError(`${file} is not YAML: ${(error as Error).message}`);
  }
}
