import type { InferCaller, Parameters } from '../infer-types.js';
import { oipError } from '../oip.errors.js';

/** Until when and how urgently a request is to be answered. */
export interface Urgency {
  readonly deadline: number | undefined;
  readonly priority: number;
  /** The deadline is the one of the request's own `timeout` parameter. */
  readonly ownTimeout: boolean;
}

const NAMES_REFUSED = /^(sequence_id|sequence_start|sequence_end)$/;
/** Triton's: 1 is the most urgent, and larger numbers are less so. Ours: 10 the most urgent, 0 what nobody asked for. */
const PRIORITY_TOP = 11;
const PRIORITY_LIMIT = 10;

/**
 * What the reserved parameters of a request ask for. Others are a caller's own, and are not looked at.
 * @throws {OIP_ERR_UNSUPPORTED} for sequences.
 * @throws {OIP_ERR_REQUEST} for a `priority` or `timeout` that is no whole number.
 */
export function urgencyOf(parameters: Parameters | undefined, caller: InferCaller, now: number): Urgency {
  let { deadline, priority = 0 } = caller;
  let ownTimeout = false;
  for (const name in parameters) {
    const value = parameters[name]!;
    if (NAMES_REFUSED.test(name)) refuseSequence(name, value);
    else if (name === 'priority') priority = priorityOf(whole(name, value));
    else if (name === 'timeout') {
      const timeoutUs = whole(name, value);
      // As in Triton, 0 stands for no timeout.
      const own = timeoutUs === 0 ? Infinity : now + timeoutUs / 1000;
      ownTimeout = own < (deadline ?? Infinity);
      if (ownTimeout) deadline = own;
    }
  }
  return { deadline, priority, ownTimeout };
}

function priorityOf(level: number): number {
  if (level === 0) return 0;
  return Math.max(-PRIORITY_LIMIT, PRIORITY_TOP - level);
}

function whole(name: string, value: unknown): number {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0) return number;
  throw oipError('OIP_ERR_REQUEST', `parameter '${name}' is ${String(value)}: it must be a whole number, not negative`);
}

/** Clients send what means "no sequence" too. */
function refuseSequence(name: string, value: unknown): void {
  if (value === 0 || value === 0n || value === false || value === '') return;
  throw oipError(
    'OIP_ERR_UNSUPPORTED',
    `parameter '${name}' is not supported: there are no sequence models here, every request stands for itself`,
  );
}
