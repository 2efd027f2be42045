import type { Ramp } from './assign/ramp.js';
import type { ExperimentPlan } from './experiment-plan.js';
import type { SavedTraffic } from './traffic.js';

/** What a state file says of an experiment; `undefined` where it is nothing that was written there. */
export function readSaved(value: unknown, { names }: ExperimentPlan): SavedTraffic | undefined {
  if (!isRecord(value)) return undefined;
  const { declared, killed, weights, ramp } = value;
  if (typeof declared !== 'string' || typeof killed !== 'boolean') return undefined;
  const isShares =
    Array.isArray(weights) && weights.every((each) => typeof each === 'number' && each >= 0 && each <= 1);
  if (!isShares) return { declared, killed };
  return { declared, killed, weights: weights as number[], ...(isRamp(ramp, names) && { ramp }) };
}

function isRamp(value: unknown, names: readonly string[]): value is Ramp {
  if (!isRecord(value) || !names.includes(String(value['variant']))) return false;
  return ['from', 'to', 'startMs', 'durationMs'].every((key) => Number.isFinite(value[key]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
