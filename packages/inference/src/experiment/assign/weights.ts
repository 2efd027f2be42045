import { experimentError } from '../experiment.errors.js';

/** Sums of decimal fractions are not exact. */
const SUM_SLACK = 1e-9;

/**
 * All weights, by the order of the variants: what the given ones leave of 1 is shared evenly by the others.
 * @throws {INF_ERR_EXPERIMENT_OPTIONS} when one is no share, or they do not sum to 1
 */
export function fullWeights(
  experiment: string,
  variants: readonly string[],
  given: ReadonlyMap<string, number>,
): number[] {
  for (const [name, weight] of given) {
    if (typeof weight === 'number' && weight >= 0 && weight <= 1) continue;
    throw refused(experiment, `the weight of '${name}' is ${JSON.stringify(weight)}: give a share from 0 to 1`);
  }
  const sum = [...given.values()].reduce((total, weight) => total + weight, 0);
  const open = variants.filter((name) => !given.has(name)).length;
  if (sum > 1 + SUM_SLACK) throw refused(experiment, `the weights sum to ${round(sum)}: they must not pass 1`);
  if (open === 0 && sum < 1 - SUM_SLACK)
    throw refused(experiment, `the weights sum to ${round(sum)}: they must sum to 1, or leave one out for the rest`);
  const rest = Math.max(0, 1 - sum) / Math.max(1, open);
  return variants.map((name) => given.get(name) ?? rest);
}

function refused(experiment: string, what: string): Error {
  return experimentError('INF_ERR_EXPERIMENT_OPTIONS', `experiment '${experiment}': ${what}`);
}

function round(value: number): number {
  return Number(value.toPrecision(6));
}
