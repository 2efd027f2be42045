import { controlError } from './control.errors.js';

const MAX_VERSION_LENGTH = 255;

/**
 * The `version` of a body like `{"version": "3"}`; an empty body has none.
 * @throws {INF_ERR_CONTROL_BODY}
 */
export function versionOf(body: unknown): string | undefined {
  const object = objectOf(body);
  for (const key of Object.keys(object)) {
    if (key !== 'version') throw refused(`'${key.slice(0, 64)}' is not known`);
  }
  const { version } = object;
  if (version === undefined || version === null) return undefined;
  if (typeof version === 'string' && version !== '' && version.length <= MAX_VERSION_LENGTH) return version;
  if (Number.isSafeInteger(version)) return String(version);
  throw refused(`version is ${JSON.stringify(version).slice(0, 64)}`);
}

/** The same where it must be there. @throws {INF_ERR_CONTROL_BODY} */
export function requiredVersionOf(body: unknown): string {
  const version = versionOf(body);
  if (version === undefined) throw refused('version is missing');
  return version;
}

function objectOf(body: unknown): Readonly<Record<string, unknown>> {
  if (!Buffer.isBuffer(body) || body.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw refused(`it is no JSON: ${(cause as Error).message.slice(0, 200)}`, cause);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw refused('it is no JSON object');
}

function refused(what: string, cause?: unknown): Error {
  return controlError('INF_ERR_CONTROL_BODY', `the body: ${what}; send {"version": "NAME"}`, { cause });
}
