import type { RecordPoint } from '@witan/core';
import { sinksError } from '../sinks.errors.js';
import { isLogRequest, type LogOptions, type LogRequest } from './log-options.js';

const REDACTIONS: readonly unknown[] = ['drop', 'hash', 'mask'];

/**
 * What was asked for at a place, checked.
 * @throws {SINK_ERR_OPTIONS} for what makes no sense there
 */
export function logRequestOf(point: RecordPoint, request: unknown, hasHashKey: boolean): LogRequest {
  const refuse = (why: string): never => {
    throw sinksError('SINK_ERR_OPTIONS', `the log of ${point.kind} ${point.name}: ${why}`);
  };
  if (!isLogRequest(request)) return refuse('write what logTo(...) of @witan/sinks gives');
  const { sample = 1, redact = {}, raw } = request.options;
  if (typeof sample !== 'number' || !(sample >= 0 && sample <= 1)) refuse(`sample is ${String(sample)}: from 0 to 1`);
  for (const [column, how] of Object.entries(redact)) {
    if (!REDACTIONS.includes(how)) refuse(`'${column}' is redacted by '${String(how)}': drop, hash or mask`);
    if (how === 'hash' && !hasHashKey) refuse(`'${column}' is hashed: give SinksModule.forRoot a hashKey`);
  }
  if (raw && Object.keys(redact).length > 0) refuse('raw bytes would show what is redacted: leave out one of the two');
  checkColumns(point, request.options, refuse);
  return request;
}

/** Where the schemas are known, a name that none of them has is a mistake. */
function checkColumns({ columns }: RecordPoint, options: LogOptions, refuse: (why: string) => never): void {
  const { input, output } = columns ?? {};
  const either = input && output && [...input, ...output];
  const check = (names: readonly string[], known: readonly string[] | undefined): void => {
    const odd = known && names.find((name) => !known.includes(name));
    if (odd !== undefined) refuse(`there is no column '${odd}': there are ${known!.join(', ')}`);
  };
  if (Array.isArray(options.input)) check(options.input as readonly string[], input);
  if (Array.isArray(options.output)) check(options.output as readonly string[], output);
  check(options.columns ?? [], either);
  check(Object.keys(options.redact ?? {}), either);
}
