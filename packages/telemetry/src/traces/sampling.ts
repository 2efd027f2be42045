import type { ModelUse } from '@witan/core';
import { traceError } from './trace.errors.js';
import type { TraceIds } from './trace-ids.js';
import {
  DEFAULT_SAMPLING_RULES,
  DEFAULT_TRACE_RATIO,
  type SamplingOptions,
  type SamplingRule,
} from './trace-options.js';

/** What rules look at when a request is over. */
export interface Outcome {
  readonly failed: boolean;
  readonly durationMs: number;
  readonly service: string | undefined;
  readonly models: readonly ModelUse[];
}

/** Decides which requests are kept: some when they begin, others when they are over. */
export class Sampling {
  readonly ratio: number;
  private readonly rules: readonly SamplingRule[];

  /** @throws {TEL_ERR_TRACE_OPTION} for a ratio outside of 0 to 1 */
  constructor(
    options: SamplingOptions,
    private readonly ids: TraceIds,
  ) {
    this.ratio = checkedRatio('sampling.ratio', options.ratio ?? DEFAULT_TRACE_RATIO);
    this.rules = options.rules ?? DEFAULT_SAMPLING_RULES;
    for (const { ratio } of this.rules) if (ratio !== undefined) checkedRatio("a sampling rule's ratio", ratio);
  }

  /** Whether requests may be kept that were not chosen when they began. */
  get decidesLate(): boolean {
    return this.rules.length > 0;
  }

  /** For a request that begins a trace. */
  atStart(): boolean {
    return this.ratio > 0 && this.ids.chance() < this.ratio;
  }

  /** For a request that was not chosen when it began. */
  atEnd(outcome: Outcome): boolean {
    for (const rule of this.rules)
      if (fits(rule, outcome)) return rule.ratio === undefined || this.ids.chance() < rule.ratio;
    return false;
  }
}

function fits(rule: SamplingRule, { failed, durationMs, service, models }: Outcome): boolean {
  if (rule.errors && !failed) return false;
  if (rule.slowerThanMs !== undefined && !(durationMs >= rule.slowerThanMs)) return false;
  if (rule.service !== undefined && rule.service !== service) return false;
  const { model, experiment, variant } = rule;
  if (model === undefined && experiment === undefined && variant === undefined) return true;
  return models.some(
    (use) =>
      (model === undefined || use.model === model) &&
      (experiment === undefined || use.experiment === experiment) &&
      (variant === undefined || use.variant === variant),
  );
}

function checkedRatio(what: string, ratio: number): number {
  if (ratio >= 0 && ratio <= 1) return ratio;
  throw traceError('TEL_ERR_TRACE_OPTION', `${what} is ${ratio}: give a number from 0 (none) to 1 (all)`);
}
