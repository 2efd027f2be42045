import { median } from '../stats.js';

/** What is measured in turns, by name. */
export type Contenders<K extends string, T> = Readonly<Record<K, () => Promise<T>>>;

/**
 * Measures every contender once a round, A B C, C B A, …: on a machine whose speed drifts only neighbours in time
 * compare, and none must always go first.
 */
export async function interleave<K extends string, T>(
  rounds: number,
  contenders: Contenders<K, T>,
): Promise<Record<K, T[]>> {
  const names = Object.keys(contenders) as K[];
  const seen = Object.fromEntries(names.map((name) => [name, [] as T[]])) as Record<K, T[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) seen[name].push(await contenders[name]());
  }
  return seen;
}

/** The median of a quantity on both sides, and the median of the ratios round by round. */
export interface Compared {
  readonly value: number;
  readonly yardstick: number;
  readonly ratio: number;
  /** Every round's ratio: how far they lie apart tells what the median is worth. */
  readonly ratios: readonly number[];
}

export function compare<T>(subject: readonly T[], yardstick: readonly T[], quantity: (one: T) => number): Compared {
  return compareValues(subject.map(quantity), yardstick.map(quantity));
}

export function compareValues(values: readonly number[], references: readonly number[]): Compared {
  const ratios = values.map((value, index) => value / references[index]!);
  return { value: median(values), yardstick: median(references), ratio: median(ratios), ratios };
}
