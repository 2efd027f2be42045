import { experimentError } from '../experiment.errors.js';
import type { RampOptions } from '../experiment-options.js';

/** A ramp whose times and weights are known. */
export interface Ramp {
  readonly variant: string;
  readonly from: number;
  readonly to: number;
  /** Milliseconds since the epoch. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly steps?: number;
}

/** The weight at that moment; before the start it is `from`, and after the end `to`. */
export function weightAt({ from, to, startMs, durationMs, steps }: Ramp, epochMs: number): number {
  const passed = (epochMs - startMs) / durationMs;
  if (passed < 0) return from;
  if (passed >= 1) return to;
  const part = steps === undefined ? passed : (Math.floor(passed * steps) + 1) / steps;
  return from + (to - from) * part;
}

/** @throws {INF_ERR_EXPERIMENT_OPTIONS} */
export function rampOf(experiment: string, given: RampOptions, weightOf: (variant: string) => number): Ramp {
  const refuse = (what: string): never => {
    throw experimentError('INF_ERR_EXPERIMENT_OPTIONS', `experiment '${experiment}': ramp.${what}`);
  };
  const { variant, to, durationMs, steps } = given;
  const from = given.from ?? weightOf(variant);
  for (const [name, weight] of [
    ['from', from],
    ['to', to],
  ] as const)
    if (!(typeof weight === 'number' && weight >= 0 && weight <= 1)) refuse(`${name} is ${shown(weight)}: give 0 to 1`);
  if (!(typeof durationMs === 'number' && durationMs > 0 && Number.isFinite(durationMs)))
    refuse(`durationMs is ${shown(durationMs)}: give milliseconds above 0`);
  if (steps !== undefined && !(Number.isSafeInteger(steps) && steps >= 1))
    refuse(`steps is ${shown(steps)}: give a whole number from 1 on, or none for a straight line`);
  const startMs = startOf(given.start);
  if (startMs === undefined)
    refuse(`start is ${shown(given.start)}: give a date with its time zone such as 2026-03-01T08:00:00Z`);
  return { variant, from, to, startMs: startMs!, durationMs, ...(steps !== undefined && { steps }) };
}

/** The last moment that a Date can be of. */
const MAX_EPOCH_MS = 8.64e15;
const ZONED = /(Z|[+-]\d\d:?\d\d)$/;

function startOf(start: unknown): number | undefined {
  if (typeof start === 'number') return Math.abs(start) <= MAX_EPOCH_MS ? start : undefined;
  if (typeof start !== 'string' || !ZONED.test(start)) return undefined;
  const time = Date.parse(start);
  return Number.isNaN(time) ? undefined : time;
}

function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 64) ?? 'missing';
}
