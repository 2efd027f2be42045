import { type Ramp, weightAt } from './assign/ramp.js';
import { fullWeights } from './assign/weights.js';
import { experimentError } from './experiment.errors.js';
import type { RampOptions } from './experiment-options.js';
import { checkedRamp, type ExperimentPlan } from './experiment-plan.js';

/** A change of what goes where, while the server runs; what is left out stays. */
export interface TrafficChange {
  /** By variant; the control gets what the others leave, and a ramp ends. */
  readonly weights?: Readonly<Record<string, number>>;
  /** Everything to the control, and nothing to shadows, until it is `false` again. */
  readonly killed?: boolean;
  /** `null` ends one. */
  readonly ramp?: RampOptions | null;
}

/** What is kept over a restart. */
export interface SavedTraffic {
  /** Of the declaration that the weights and the ramp belong to. */
  readonly declared: string;
  readonly killed: boolean;
  readonly weights?: readonly number[];
  readonly ramp?: Ramp;
}

/** Which share of the keys each variant has at the moment. */
export class Traffic {
  killed = false;
  private base: readonly number[];
  private rampNow: Ramp | undefined;
  private isChanged = false;
  /** Reused while a ramp is on its way. */
  private readonly ramped: Float64Array;

  constructor(private readonly plan: ExperimentPlan) {
    this.base = plan.weights;
    this.rampNow = plan.ramp;
    this.ramped = new Float64Array(plan.names.length);
  }

  get ramp(): Ramp | undefined {
    return this.rampNow;
  }

  /** By the order of the variants; read it before the next call. */
  weights(epochMs: number): ArrayLike<number> {
    const { rampNow, plan } = this;
    if (!rampNow) return this.base;
    const place = plan.names.indexOf(rampNow.variant);
    this.ramped.set(this.base);
    const weight = weightAt(rampNow, epochMs);
    const left = this.ramped[plan.control]! + this.ramped[place]! - weight;
    // Differences of decimal fractions are not exact.
    this.ramped[plan.control] = Math.max(0, left);
    this.ramped[place] = weight;
    return this.ramped;
  }

  /** Takes all of the change or nothing of it. @throws {INF_ERR_EXPERIMENT_OPTIONS | INF_ERR_EXPERIMENT_VARIANT} */
  change({ weights, killed, ramp }: TrafficChange, epochMs: number): void {
    const { name, names, control } = this.plan;
    // A ramp that is replaced or ended leaves the weight that it had come to.
    const reached = weights || ramp !== undefined ? Array.from(this.weights(epochMs)) : this.base;
    const base = weights ? this.withWeights(reached, weights) : reached;
    const next = ramp ? checkedRamp(name, ramp, names, base, control) : undefined;
    this.base = base;
    if (weights || ramp !== undefined) {
      this.rampNow = next;
      this.isChanged = true;
    }
    if (killed !== undefined) this.killed = killed;
  }

  save(declared: string): SavedTraffic | undefined {
    const { killed, isChanged, base, rampNow } = this;
    if (!killed && !isChanged) return undefined;
    return { declared, killed, ...(isChanged && { weights: base, ...(rampNow && { ramp: rampNow }) }) };
  }

  /** Gives false when weights were kept that belong to another declaration, and hold no more. */
  restore({ killed, weights, ramp, declared }: SavedTraffic, declaredNow: string): boolean {
    this.killed = killed;
    if (!weights) return true;
    if (declared !== declaredNow || weights.length !== this.base.length) return false;
    this.base = weights;
    this.rampNow = ramp;
    this.isChanged = true;
    return true;
  }

  private withWeights(reached: readonly number[], changed: Readonly<Record<string, number>>): number[] {
    const { name, names, control } = this.plan;
    const given = new Map<string, number>();
    names.forEach((variant, i) => i !== control && given.set(variant, reached[i]!));
    for (const [variant, weight] of Object.entries(changed)) {
      if (!names.includes(variant)) throw unknownVariant(name, variant, names);
      given.set(variant, weight);
    }
    return fullWeights(name, names, given);
  }
}

export function unknownVariant(experiment: string, variant: string, names: readonly string[]): Error {
  const text = `experiment '${experiment}' has no variant ${JSON.stringify(variant.slice(0, 64))}: there are ${names.join(', ')}`;
  return experimentError('INF_ERR_EXPERIMENT_VARIANT', text);
}
