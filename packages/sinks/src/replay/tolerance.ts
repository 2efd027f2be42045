import type { DTypeInfo } from '@witan/core/frame';

/** How far two numbers may lie apart and still be the same: `|a - b| <= absolute + relative * |a|`. */
export interface Tolerance {
  /** @default 0 */
  readonly absolute?: number;
  /** Of the logged value. @default 0 */
  readonly relative?: number;
}

/** One tolerance for every float, or one for each dtype. */
export type ToleranceOption = Tolerance | Readonly<Partial<Record<'f16' | 'f32' | 'f64', Tolerance>>>;

/**
 * About ten units in the last place: another order of summation, or another machine's instructions, makes no difference.
 */
export const DEFAULT_TOLERANCE: Readonly<Record<'f16' | 'f32' | 'f64', Required<Tolerance>>> = {
  f16: { absolute: 1e-3, relative: 1e-2 },
  f32: { absolute: 1e-6, relative: 1e-6 },
  f64: { absolute: 1e-12, relative: 1e-12 },
};

const EXACT: Required<Tolerance> = { absolute: 0, relative: 0 };

/** The tolerance of a logged column; integers, texts and everything else must be the same. */
export function toleranceOf(dtype: DTypeInfo, option: ToleranceOption = {}): Required<Tolerance> {
  const { kind } = dtype.item ?? dtype;
  if (kind !== 'f16' && kind !== 'f32' && kind !== 'f64') return EXACT;
  const own = 'absolute' in option || 'relative' in option ? option : (option as Record<string, Tolerance>)[kind];
  return own ? { ...EXACT, ...own } : DEFAULT_TOLERANCE[kind];
}
