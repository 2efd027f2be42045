import type { Clock } from '@witan/core';
import { experimentError } from '../experiment.errors.js';
import type { ExperimentPlan } from '../experiment-plan.js';
import { type MetricKind, MetricTally } from './metric-tally.js';
import { RecentMap } from './recent-map.js';
import { unitIdOf } from './unit-id.js';

/** Bits of a number that JavaScript's operators keep. */
export const MAX_METRICS = 32;

/** What is reported back of a request, or of all requests of a key. */
export interface Outcome {
  readonly requestId?: string;
  readonly key?: string;
  readonly metric: string;
  readonly value: boolean | number;
}

/** `counted`; `duplicate`: its unit has a value already; `unknown`: no exposure is remembered that it belongs to. */
export type OutcomeResult = 'counted' | 'duplicate' | 'unknown';

/** What is compared: a key, or a request without one. */
interface Unit {
  readonly variant: number;
  readonly at: number;
  /** A bit for each metric that it has a value of. */
  seen: number;
}

/**
 * Who was given which variant, for as long as there is room, and what came of it. Requests and keys are forgotten oldest
 * first; what they were counted for stays counted.
 */
export class OutcomeBook {
  readonly units: number[];
  /** How many units each variant should have, by the weights at the moment each came. */
  readonly expected: number[];
  readonly metrics = new Map<string, MetricTally>();
  /** Outcomes that belong to nothing that is remembered. */
  unknown = 0;
  duplicates = 0;
  /** Requests of a key that was given another variant before; they count for the first one. */
  crossovers = 0;
  /** Units that were forgotten to make room: their key would count again. */
  forgotten = 0;
  readonly sinceMs: number;
  private readonly byKey: RecentMap<Unit>;
  private readonly byRequest: RecentMap<Unit>;

  constructor(
    private readonly plan: ExperimentPlan,
    private readonly clock: Clock,
  ) {
    const none = (): number[] => new Array<number>(plan.names.length).fill(0);
    this.units = none();
    this.expected = none();
    this.sinceMs = clock.epochMs();
    this.byKey = new RecentMap(plan.outcomes.maxUnits);
    this.byRequest = new RecentMap(plan.outcomes.maxUnits);
  }

  /** `variant`: what the key leads to, whatever answered. `givenKey`: none for a request for itself. */
  expose(variant: number, givenKey: string | undefined, givenId: string, weights: ArrayLike<number>): void {
    const key = givenKey === undefined ? undefined : unitIdOf(givenKey);
    const requestId = unitIdOf(givenId);
    const known = key === undefined ? this.byRequest.get(requestId) : this.byKey.get(key);
    const unit = known ?? this.newUnit(variant, weights);
    if (known && known.variant !== variant) this.crossovers++;
    // A forgotten request is no forgotten unit, unless it was one.
    if (key !== undefined && !known && this.byKey.set(key, unit)) this.forgotten++;
    if (this.byRequest.set(requestId, unit) && key === undefined) this.forgotten++;
  }

  /**
   * Counts all of them, or none: who is refused would count some twice, or the rest never.
   * @throws {INF_ERR_EXPERIMENT_OUTCOME} when one of them cannot be counted for anybody
   */
  reportAll(outcomes: readonly Outcome[]): Record<OutcomeResult, number> {
    const coming = new Map<string, MetricKind>();
    for (const { metric, value } of outcomes) this.foresee(metric, value, coming);
    const counts: Record<OutcomeResult, number> = { counted: 0, duplicate: 0, unknown: 0 };
    for (const outcome of outcomes) counts[this.report(outcome)]++;
    return counts;
  }

  /** Refuses what {@link report} would refuse once `coming` metrics are there. */
  private foresee(metric: string, value: boolean | number, coming: Map<string, MetricKind>): void {
    const kind = coming.get(metric);
    if (kind !== undefined) return this.mustBe(kind, metric, value);
    if (this.tallyOf(metric, value)) return;
    this.mustHaveRoom(metric, this.metrics.size + coming.size);
    coming.set(metric, kindOf(value));
  }

  /** @throws {INF_ERR_EXPERIMENT_OUTCOME} when it cannot be counted for anybody */
  report({ requestId, key, metric, value }: Outcome): OutcomeResult {
    const tally = this.tallyOf(metric, value);
    const unit = key === undefined ? this.byRequest.get(unitIdOf(requestId!)) : this.byKey.get(unitIdOf(key));
    if (!unit || this.clock.epochMs() - unit.at > this.plan.outcomes.windowMs) {
      this.unknown++;
      return 'unknown';
    }
    const kept = tally ?? this.addTally(metric, value);
    const bit = 1 << kept.place;
    if (unit.seen & bit) {
      this.duplicates++;
      return 'duplicate';
    }
    unit.seen |= bit;
    kept.add(unit.variant, value);
    return 'counted';
  }

  /** What is remembered now. */
  get remembered(): { readonly keys: number; readonly requests: number } {
    return { keys: this.byKey.size, requests: this.byRequest.size };
  }

  private newUnit(variant: number, weights: ArrayLike<number>): Unit {
    this.units[variant]!++;
    for (let i = 0; i < this.expected.length; i++) this.expected[i]! += weights[i]!;
    return { variant, at: this.clock.epochMs(), seen: 0 };
  }

  private tallyOf(metric: string, value: boolean | number): MetricTally | undefined {
    const tally = this.metrics.get(metric);
    const { metrics } = this.plan.outcomes;
    if (tally) {
      this.mustBe(tally.kind, metric, value);
      return tally;
    }
    if (metrics && !metrics.includes(metric))
      throw this.refused(`'${metric}' is none of its metrics: there are ${metrics.join(', ')}`);
    this.mustHaveRoom(metric, this.metrics.size);
    return undefined;
  }

  private mustBe(kind: MetricKind, metric: string, value: boolean | number): void {
    if (kind === kindOf(value)) return;
    throw this.refused(`metric '${metric}' is a ${kind}: its values are ${valuesOf(kind)}`);
  }

  private mustHaveRoom(metric: string, metrics: number): void {
    if (metrics < MAX_METRICS) return;
    throw this.refused(`'${metric}' would be metric ${MAX_METRICS + 1}: it keeps ${MAX_METRICS}`);
  }

  private addTally(metric: string, value: boolean | number): MetricTally {
    const tally = new MetricTally(metric, this.metrics.size, kindOf(value), this.units.length);
    this.metrics.set(metric, tally);
    return tally;
  }

  private refused(what: string): Error {
    return experimentError('INF_ERR_EXPERIMENT_OUTCOME', `experiment '${this.plan.name}': ${what}`);
  }
}

function kindOf(value: boolean | number): MetricKind {
  return typeof value === 'boolean' ? 'rate' : 'mean';
}

function valuesOf(kind: MetricKind): string {
  return kind === 'rate' ? 'true and false' : 'numbers';
}
