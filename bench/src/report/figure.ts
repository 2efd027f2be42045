import type { Compared } from '../measure/rounds.js';

/** What a figure is held to. */
export interface Target {
  readonly at: 'most' | 'least';
  readonly limit: number;
  /** Which number is compared with the limit. @default 'ratio' */
  readonly of?: 'ratio' | 'value';
}

/** One line of the report. */
export interface Figure {
  readonly suite: string;
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  /** What was measured beside it in the same run, and how much it came to. */
  readonly yardstick?: { readonly name: string; readonly value: number };
  readonly ratio?: number;
  /** The ratio of every pair, in order. */
  readonly ratios?: readonly number[];
  readonly target?: Target;
  readonly met?: boolean;
}

/** What one suite gives: figures, remarks on them, or why it did not run. */
export interface SuiteReport {
  readonly figures: readonly Figure[];
  readonly remarks?: readonly string[];
  readonly skipped?: string;
  /** It broke off, and `skipped` says why. */
  readonly failed?: boolean;
}

export const atMost = (limit: number, of: Target['of'] = 'ratio'): Target => ({ at: 'most', limit, of });
export const atLeast = (limit: number, of: Target['of'] = 'ratio'): Target => ({ at: 'least', limit, of });

interface Named {
  readonly suite: string;
  readonly name: string;
  readonly unit: string;
}

/** A figure beside its yardstick. */
export function ratioFigure(named: Named, yardstickName: string, compared: Compared, target?: Target): Figure {
  const { value, yardstick, ratio, ratios } = compared;
  return withVerdict({ ...named, value, yardstick: { name: yardstickName, value: yardstick }, ratio, ratios, target });
}

/** A figure that stands alone. */
export function plainFigure(named: Named, value: number, target?: Target): Figure {
  return withVerdict({ ...named, value, target });
}

function withVerdict(figure: Figure): Figure {
  const { target } = figure;
  if (!target) return figure;
  const held = target.of === 'value' ? figure.value : (figure.ratio ?? figure.value);
  return { ...figure, met: target.at === 'most' ? held <= target.limit : held >= target.limit };
}
