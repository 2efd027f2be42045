import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { husharError } from './hushar.errors.js';

/** A Hushar service config, by the names of its file. */
export interface HusharConfig {
  /** Calls that one connection may have open. @default no limit of its own */
  readonly connection_concurrency?: number;
  /** The `.onnx` file: `s3://bucket/key`, another store's URL, or a path. */
  readonly model_path: string;
  readonly model_id: string;
  readonly port_number: number;
  /** The vectorization config, a JSON file: where the model may lie, it may lie too. */
  readonly vectorization_instruction_path: string;
}

export const DEFAULT_HUSHAR_PORT = 8279;
const MAX_PORT = 65_535;

/**
 * Reads a service config as Hushar's server takes it. Paths that are no URLs are relative to the config's folder.
 * @throws {HUSHAR_ERR_CONFIG} naming the key
 */
export async function readHusharConfig(file: string): Promise<HusharConfig> {
  return husharConfigOf(await readJson(file), file);
}

/**
 * {@link readHusharConfig} for what such a file holds.
 * @param file for messages, and as the place that paths are relative to
 * @throws {HUSHAR_ERR_CONFIG} naming the key
 */
export function husharConfigOf(json: unknown, file: string): HusharConfig {
  const refuse = (text: string): never => {
    throw husharError('HUSHAR_ERR_CONFIG', `${file}: ${text}`);
  };
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return refuse('it must be a JSON object');
  const config = json as Readonly<Record<string, unknown>>;
  const text = (key: string): string => {
    const value = config[key];
    if (typeof value === 'string' && value !== '' && !value.includes('\0')) return value;
    return refuse(`${key} is ${shown(value)}: give a text that is not empty`);
  };
  const whole = (key: string, min: number, max: number, otherwise?: number): number | undefined => {
    const value = config[key] ?? otherwise;
    if (value === undefined || (Number.isInteger(value) && (value as number) >= min && (value as number) <= max))
      return value as number | undefined;
    return refuse(`${key} is ${shown(value)}: give a whole number from ${min} to ${max}`);
  };
  const path = (key: string): string => located(text(key), file);
  const concurrency = whole('connection_concurrency', 1, 2 ** 31 - 1);
  return {
    ...(concurrency !== undefined && { connection_concurrency: concurrency }),
    model_path: path('model_path'),
    model_id: text('model_id'),
    port_number: whole('port_number', 0, MAX_PORT, DEFAULT_HUSHAR_PORT)!,
    vectorization_instruction_path: path('vectorization_instruction_path'),
  };
}

/** Whether a path is a store's URL; one letter and a colon is a drive of Windows. */
export function isStoreUrl(path: string): boolean {
  return /^[A-Za-z][A-Za-z0-9+.-]+:\/\//.test(path);
}

function located(path: string, file: string): string {
  return isStoreUrl(path) ? path : resolve(dirname(file), path);
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse((await readFile(file, 'utf8')).replace(/^\uFEFF/, ''));
  } catch (error) {
    const why = error instanceof SyntaxError ? 'is not JSON' : 'cannot be read';
    throw husharError('HUSHAR_ERR_CONFIG', `${file} ${why}: ${(error as Error).message}`, { cause: error });
  }
}

const MAX_SHOWN = 64;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'missing';
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
