/** What a vectorizer has done since it was loaded. */
export interface VectorizerStatistics {
  readonly rows: number;
  /** By feature: rows that lacked it, and got its default. Features that no row lacked are left out. */
  readonly defaulted: Readonly<Record<string, number>>;
  /** By feature: texts that no category or embedding knows. Features without any are left out. */
  readonly unknown: Readonly<Record<string, number>>;
}

/** The counters behind {@link VectorizerStatistics}, by index of the feature. */
export class VectorizerCounters {
  rows = 0;
  readonly defaulted: Float64Array;
  readonly unknown: Float64Array;

  constructor(private readonly names: readonly string[]) {
    this.defaulted = new Float64Array(names.length);
    this.unknown = new Float64Array(names.length);
  }

  read(): VectorizerStatistics {
    return { rows: this.rows, defaulted: this.named(this.defaulted), unknown: this.named(this.unknown) };
  }

  private named(counts: Float64Array): Record<string, number> {
    return Object.fromEntries(this.names.flatMap((name, i) => (counts[i]! > 0 ? [[name, counts[i]!]] : [])));
  }
}
