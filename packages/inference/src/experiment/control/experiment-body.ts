import { experimentError } from '../experiment.errors.js';
import type { Outcome } from '../outcomes/outcome-book.js';
import type { TrafficChange } from '../traffic.js';

/** Outcomes of one call. */
const MAX_OUTCOMES = 1_000;
const MAX_ID_CHARS = 1_024;
/** Squares of squares of a value are still numbers. */
const MAX_VALUE = 1e60;
const METRIC = /^[A-Za-z][\w.-]{0,63}$/;
const CHANGES: readonly string[] = ['weights', 'killed', 'ramp'];
const OUTCOME: readonly string[] = ['requestId', 'key', 'metric', 'value'];

/** `{"weights": {"challenger": 0.2}, "killed": false, "ramp": null}`, some of it. @throws {INF_ERR_EXPERIMENT_BODY} */
export function changeOf(body: unknown): TrafficChange {
  const value = jsonOf(body);
  if (!isRecord(value)) throw refused('it is no JSON object', 'send some of weights, killed and ramp');
  onlyKeys(value, CHANGES, '');
  const { weights, killed, ramp } = value;
  if (weights !== undefined && !isRecord(weights))
    throw refused('weights is no object', 'name variants and their shares');
  if (killed !== undefined && typeof killed !== 'boolean') throw refused('killed is no boolean', 'send true or false');
  if (ramp !== undefined && ramp !== null && !isRecord(ramp))
    throw refused('ramp is no object', 'send null, or variant, to, start and durationMs');
  return value as TrafficChange;
}

/** One outcome, or a list of up to 1000. A value that is left out is `true`. @throws {INF_ERR_EXPERIMENT_BODY} */
export function outcomesOf(body: unknown): Outcome[] {
  const value = jsonOf(body);
  const list = Array.isArray(value) ? (value as unknown[]) : [value];
  if (list.length > MAX_OUTCOMES) throw refused(`it has ${list.length} outcomes`, `send up to ${MAX_OUTCOMES} at once`);
  return list.map((each, i) => outcomeOf(each, Array.isArray(value) ? `outcome ${i}: ` : ''));
}

/** `0.95` of `?confidence=0.95`. @throws {INF_ERR_EXPERIMENT_BODY} */
export function confidenceOf(query: unknown): number {
  const { confidence } = query as { confidence?: unknown };
  if (confidence === undefined) return 0.95;
  const value = Number(confidence);
  if (value >= 0.5 && value <= 0.9999) return value;
  throw refused(`confidence is ${JSON.stringify(confidence).slice(0, 64)}`, 'give 0.5 to 0.9999');
}

function outcomeOf(given: unknown, where: string): Outcome {
  if (!isRecord(given)) throw refused(`${where}it is no JSON object`, OUTCOME_HELP);
  onlyKeys(given, OUTCOME, where);
  const { requestId, key, metric, value = true } = given;
  if ((requestId === undefined) === (key === undefined))
    throw refused(`${where}it has not one of requestId and key`, OUTCOME_HELP);
  const id = requestId ?? key;
  if (typeof id !== 'string' || id === '' || id.length > MAX_ID_CHARS)
    throw refused(`${where}requestId or key is no text of 1 to ${MAX_ID_CHARS} characters`, OUTCOME_HELP);
  if (typeof metric !== 'string' || !METRIC.test(metric))
    throw refused(
      `${where}metric is ${JSON.stringify(metric)?.slice(0, 64) ?? 'missing'}`,
      'begin it with a letter; up to 64 characters',
    );
  if (typeof value !== 'boolean' && !(typeof value === 'number' && Math.abs(value) <= MAX_VALUE))
    throw refused(
      `${where}value is ${JSON.stringify(value)?.slice(0, 64) ?? 'missing'}`,
      `send true, false or a number from -${MAX_VALUE} to ${MAX_VALUE}`,
    );
  return { metric, value, ...(requestId === undefined ? { key: id } : { requestId: id }) };
}

const OUTCOME_HELP = 'send {"requestId": "…", "metric": "bought", "value": true}, or key in place of requestId';

function onlyKeys(given: object, known: readonly string[], where: string): void {
  for (const key of Object.keys(given))
    if (!known.includes(key))
      throw refused(`${where}'${key.slice(0, 64)}' is not known`, `there are ${known.join(', ')}`);
}

function jsonOf(body: unknown): unknown {
  if (!Buffer.isBuffer(body) || body.length === 0) throw refused('it is empty', 'send JSON');
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw refused(`it is no JSON: ${(cause as Error).message.slice(0, 200)}`, 'send JSON', cause);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refused(what: string, help: string, cause?: unknown): Error {
  return experimentError('INF_ERR_EXPERIMENT_BODY', `the call: ${what}; ${help}`, { cause });
}
