import type { Budget } from './limits.js';

interface Entry {
  values: string[];
  /** A batch refers to these values: they must not change any more. */
  used: boolean;
}

/** The dictionaries of a stream by id: replaced by a dictionary batch, extended by a delta. */
export class Dictionaries {
  private readonly entries = new Map<number, Entry>();

  constructor(private readonly budget: Budget) {}

  set(id: number, values: readonly string[], isDelta: boolean): void {
    const known = isDelta ? this.entries.get(id) : undefined;
    if (!known) {
      this.entries.set(id, { values: values as string[], used: false });
      return;
    }
    if (known.used) {
      this.budget.spendBytes(8 * known.values.length);
      known.values = known.values.slice();
      known.used = false;
    }
    for (const value of values) known.values.push(value);
  }

  /** The values as they stand; empty before the first dictionary batch. */
  valuesOf(id: number): readonly string[] {
    const entry = this.entries.get(id);
    if (!entry) return [];
    entry.used = true;
    return entry.values;
  }
}
