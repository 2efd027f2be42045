/** When a column counts as drifted: each test must exceed its threshold, and be beyond chance. */
export interface DriftThresholds {
  /** Population stability index, of numbers. @default 0.25 */
  readonly psi?: number;
  /** Kolmogorov-Smirnov distance, of numbers; 0 to 1. @default 0.15 */
  readonly ksDistance?: number;
  /** Cramér's V of the chi-square test, of texts and flags; 0 to 1. @default 0.15 */
  readonly cramersV?: number;
  /** How often one test of one window may exceed its threshold by chance. @default 0.001 */
  readonly falseAlarmRate?: number;
}

export interface DriftOptions extends DriftThresholds {
  /** A window with fewer sampled rows goes on until it has as many. @default 200 */
  readonly minRows?: number;
  /** Bins of the stability index: of about equal share in the baseline. @default 10 */
  readonly bins?: number;
  /** A raised column is cleared when each test is below this share of its threshold. 0 to 1. @default 0.8 */
  readonly clearAt?: number;
  /** For single columns by name (`X[3]` for an element of a vector); `false`: not tested. Dates and timestamps are tested only when they are named. */
  readonly columns?: Readonly<Record<string, DriftThresholds | false>>;
}

export type ResolvedThresholds = Required<DriftThresholds>;

export interface ResolvedDriftOptions extends Required<Omit<DriftOptions, 'columns'>> {
  readonly columns: ReadonlyMap<string, DriftThresholds | false>;
}

const DEFAULTS = {
  psi: 0.25,
  ksDistance: 0.15,
  cramersV: 0.15,
  falseAlarmRate: 0.001,
  minRows: 200,
  bins: 10,
  clearAt: 0.8,
} as const;

export function resolveDrift({ columns = {}, ...given }: DriftOptions): ResolvedDriftOptions {
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { ...DEFAULTS, ...set, columns: new Map(Object.entries(columns)) };
}

/** The thresholds of one column; `undefined`: it is not tested. */
export function thresholdsOf(
  options: ResolvedDriftOptions,
  column: string,
  isTime: boolean,
): ResolvedThresholds | undefined {
  const own = options.columns.get(column) ?? (isTime ? false : {});
  return own === false ? undefined : { ...options, ...own };
}
