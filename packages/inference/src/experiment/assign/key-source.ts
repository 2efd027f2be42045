import type { Frame } from '@witan/core/frame';
import { experimentError } from '../experiment.errors.js';

/** What an experiment looks at of a request. A handler's Context fits as it is. */
export interface ExperimentCaller {
  readonly requestId: string;
  readonly principal: string | undefined;
  readonly params: object;
  header(name: string): string | undefined;
}

/** The rows of a request; or what its first row has under a name, where a protocol has no Frame of them. */
export type RequestRows = Frame | ((name: string) => unknown);

/** Reads the key of a request; `undefined`: it has none. `rows`: where they are known. */
export type KeySource = (caller: ExperimentCaller, rows: RequestRows | undefined) => string | undefined;

/** Characters of a key that count: a caller may send any number of them. */
export const MAX_KEY_CHARS = 1_024;

const KINDS = 'header:NAME, param:NAME, column:NAME, principal or request';

/**
 * The reader of a key; `undefined`: every request for itself.
 * @throws {INF_ERR_EXPERIMENT_OPTIONS}
 */
export function keySourceOf(experiment: string, text: string): KeySource | undefined {
  const [, kind, name] = /^(header|param|column|principal|request)(?::(.+))?$/s.exec(text) ?? [];
  if (kind === 'request' && name === undefined) return undefined;
  if (kind === 'principal' && name === undefined) return ({ principal }) => textOf(principal);
  if (kind === undefined || kind === 'request' || kind === 'principal' || name === undefined)
    throw refused(experiment, text);
  if (kind === 'header') return headerSource(name.toLowerCase());
  if (kind === 'param') return ({ params }) => textOf((params as Readonly<Record<string, unknown>>)[name]);
  return (_, rows) => textOf(typeof rows === 'function' ? rows(name) : firstCell(rows, name));
}

function headerSource(name: string): KeySource {
  return (caller) => textOf(caller.header(name));
}

function firstCell(frame: Frame | undefined, name: string): unknown {
  const column = frame?.columns.get(name);
  if (!column || column.length === 0 || column.shape.length > 0 || column.isNull(0)) return undefined;
  return column.get(0);
}

/** Numbers and booleans are keys as they are written; what is no scalar is none. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') {
    if (value === '') return undefined;
    return value.length > MAX_KEY_CHARS ? value.slice(0, MAX_KEY_CHARS) : value;
  }
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  return value instanceof Date ? value.toISOString() : undefined;
}

function refused(experiment: string, text: string): Error {
  const seen = JSON.stringify(String(text).slice(0, 100));
  return experimentError('INF_ERR_EXPERIMENT_OPTIONS', `experiment '${experiment}': key is ${seen}: write ${KINDS}`);
}
