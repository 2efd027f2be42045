/** Added to each bin, so that an empty one gives a finite index (Krichevsky and Trofimov's estimate of a share). */
const SMOOTHING = 0.5;

/**
 * The population stability index of two histograms over the same bins: `sum((q - p) * ln(q / p))` of the shares p (then)
 * and q (now), each share `(count + 0.5) / (total + bins / 2)`. 0: the same; customary reading: below 0.1 stable, to
 * 0.25 some shift, above that another population.
 *
 * Source: Siddiqi: "Credit Risk Scorecards", Wiley 2006; it is Jeffreys' divergence of the two (1946).
 */
export function stabilityIndex(then: readonly number[], now: readonly number[]): number {
  const p = sharesOf(then);
  const q = sharesOf(now);
  return p.reduce((sum, share, bin) => sum + (q[bin]! - share) * Math.log(q[bin]! / share), 0);
}

function sharesOf(counts: readonly number[]): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0) + SMOOTHING * counts.length;
  return counts.map((count) => (count + SMOOTHING) / total);
}
