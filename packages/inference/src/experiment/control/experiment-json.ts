import type { RunningExperiment } from '../running-experiment.js';
import type { NamedModel } from '../experiment-plan.js';

/** A variant as the calls that list experiments tell it. */
export interface VariantJson {
  readonly name: string;
  readonly model: string;
  /** At this moment. */
  readonly weight: number;
  /** Since the process began. */
  readonly requests: number;
  readonly rows: number;
  readonly errors: number;
  readonly forced: number;
  /** Its requests that the control answered, because it could not. */
  readonly fallbacks: number;
}

export interface ShadowJson {
  readonly model: string;
  readonly sample: number;
  readonly compared: number;
  readonly rows: number;
  readonly matchedRows: number;
  /** Of the rows that were compared. */
  readonly matchRate?: number;
  readonly maxDifference: number;
  readonly failed: number;
  readonly unavailable: number;
  readonly dropped: number;
  readonly meanDurationMs?: number;
}

/** An experiment as the calls that list experiments tell it. */
export interface ExperimentJson {
  readonly name: string;
  readonly control: string;
  readonly key: string;
  readonly killed: boolean;
  readonly ramp?: {
    readonly variant: string;
    readonly from: number;
    readonly to: number;
    readonly start: string;
    readonly durationMs: number;
    readonly steps?: number;
  };
  readonly variants: readonly VariantJson[];
  readonly shadows: readonly ShadowJson[];
  /** Requests that wait for a shadow. */
  readonly shadowQueue: number;
  /** Requests that went to the control by the kill switch, or for want of a key. */
  readonly unassigned: number;
  /** What outcomes can be joined with now. */
  readonly remembered: { readonly keys: number; readonly requests: number };
}

export function experimentJson(experiment: RunningExperiment, epochMs: number): ExperimentJson {
  const { plan, traffic, counters, shadows, unassigned, outcomes } = experiment;
  const weights = traffic.weights(epochMs);
  const { ramp, killed } = traffic;
  return {
    name: plan.name,
    control: plan.names[plan.control]!,
    key: plan.keyText,
    killed,
    ...(ramp && { ramp: rampJson(ramp) }),
    variants: plan.variants.map((variant, i) => ({
      name: variant.name,
      model: textOf(variant),
      weight: weights[i]!,
      ...counters[i]!,
    })),
    shadows: shadows.counters.map(({ name, counters: counted }, i) =>
      shadowJson(name, plan.shadows[i]!.sample, counted),
    ),
    shadowQueue: shadows.queued,
    unassigned,
    remembered: outcomes.remembered,
  };
}

function rampJson({ startMs, ...ramp }: NonNullable<RunningExperiment['traffic']['ramp']>): ExperimentJson['ramp'] {
  return { ...ramp, start: new Date(startMs).toISOString() };
}

function shadowJson(
  model: string,
  sample: number,
  counted: RunningExperiment['shadows']['counters'][number]['counters'],
): ShadowJson {
  const { durationMs, ...counts } = counted;
  return {
    model,
    sample,
    ...counts,
    ...(counts.rows > 0 && { matchRate: counts.matchedRows / counts.rows }),
    ...(counts.compared > 0 && { meanDurationMs: durationMs / counts.compared }),
  };
}

function textOf({ model, version }: NamedModel): string {
  return version === undefined ? model : `${model}@${version}`;
}
