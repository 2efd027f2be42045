import type { WindowName } from '../column/column-watch.js';
import { summaryError } from '../summary.errors.js';

const WINDOWS: readonly string[] = ['current', 'last', 'start'] satisfies WindowName[];
const FORMS: readonly string[] = ['report', 'state'];
const MAX_VERSION_LENGTH = 255;

/** Which summary a caller asks for. */
export interface SummaryQuery {
  /** `undefined`: the version that ran last. */
  readonly version: string | undefined;
  readonly window: WindowName;
  /** `report`: figures for people; `state`: sketches, which can be merged with other processes'. */
  readonly form: 'report' | 'state';
}

/**
 * The parameters of a call, of its query or its body.
 * @throws {TEL_ERR_SUMMARY_QUERY}
 */
export function queryOf(given: unknown, names: readonly (keyof SummaryQuery)[]): SummaryQuery {
  const fields = typeof given === 'object' && given !== null ? (given as Readonly<Record<string, unknown>>) : {};
  for (const name of Object.keys(fields)) {
    if (!(names as readonly string[]).includes(name)) {
      throw summaryError('TEL_ERR_SUMMARY_QUERY', `'${name.slice(0, 64)}' is not known: there is ${names.join(', ')}`);
    }
  }
  return {
    version: versionOf(fields['version']),
    window: oneOf('window', fields['window'], WINDOWS) as WindowName,
    form: oneOf('form', fields['form'], FORMS) as 'report' | 'state',
  };
}

/**
 * The JSON object of a body; none: an empty one.
 * @throws {TEL_ERR_SUMMARY_QUERY}
 */
export function bodyOf(body: unknown): object {
  if (!Buffer.isBuffer(body) || body.length === 0) return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch (cause) {
    const why = (cause as Error).message.slice(0, 200);
    throw summaryError('TEL_ERR_SUMMARY_QUERY', `the body is no JSON: ${why}; send {"version": "NAME"}`, { cause });
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
  throw summaryError('TEL_ERR_SUMMARY_QUERY', 'the body is no JSON object: send {"version": "NAME"}');
}

function versionOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && value !== '' && value.length <= MAX_VERSION_LENGTH) return value;
  if (Number.isSafeInteger(value)) return String(value);
  throw summaryError('TEL_ERR_SUMMARY_QUERY', 'version must be the name of one, given once');
}

function oneOf(name: string, value: unknown, choices: readonly string[]): string {
  if (value === undefined) return choices[0]!;
  if (typeof value === 'string' && choices.includes(value)) return value;
  const seen = String(JSON.stringify(value)).slice(0, 64);
  throw summaryError('TEL_ERR_SUMMARY_QUERY', `${name} is ${seen}: it must be one of ${choices.join(', ')}`);
}
