import type { Column, DTypeInfo, Frame } from '@witan/core/frame';
import type { ColumnSummary } from './column/column-summary.js';
import { ColumnWatch, type WindowName } from './column/column-watch.js';
import { kindOf, valuesPerCell } from './column/read-values.js';
import type { ResolvedSummaryOptions } from './summary-options.js';

/** What columns may still be watched, and what was turned away. Shared by a version's inputs and outputs. */
export interface ColumnBudget {
  left: number;
  /** Values of columns that there was no room for, or that came with another type or width than at first. */
  skippedValues: number;
}

/** One column's summary, by the name that it is reported under. */
export interface NamedSummary {
  readonly name: string;
  readonly dtype: DTypeInfo;
  readonly summary: ColumnSummary;
}

/** A column as it came first; without watches it is passed over. */
interface Watched {
  readonly dtype: DTypeInfo;
  readonly size: number;
  readonly watches: readonly ColumnWatch[];
  /** Elements are watched together, so that their number may change. */
  readonly isPooled: boolean;
  readonly isExcluded: boolean;
}

const MAX_NAME_LENGTH = 256;
/** Names that are remembered beyond the columns that are watched, so that they are turned away at once. */
const MAX_PASSED_OVER = 1024;

/** What a {@link FrameWatch} needs to know. */
export type FrameWatchOptions = Pick<
  ResolvedSummaryOptions,
  'accuracy' | 'topValues' | 'elementsUpTo' | 'exclude' | 'categories'
>;

/** How many values a row of a frame has. */
export function valuesPerRow(frame: Frame<object> | undefined): number {
  let values = 0;
  for (const column of frame?.columns.values() ?? []) values += valuesPerCell(column);
  return values;
}

/** The columns of one side of a model. */
export class FrameWatch {
  /** Rows may have another number of values than those before. */
  isUneven = false;
  private readonly columns = new Map<string, Watched>();

  constructor(
    private readonly options: FrameWatchOptions,
    private readonly budget: ColumnBudget,
  ) {}

  /** Takes the first `count` of `rows`; gives how many values they had, lists by their mean, costly ones counted several times. */
  take(frame: Frame<object>, rows: Int32Array, count: number): number {
    let values = 0;
    for (const [name, column] of frame.columns) {
      const watched = this.columns.get(name) ?? this.begin(name, column);
      const size = count * valuesPerCell(column);
      if (watched.isExcluded) continue;
      if (!fits(watched, column)) {
        this.budget.skippedValues += size;
        continue;
      }
      for (const watch of watched.watches) watch.take(column, rows, count);
      values += size * watched.watches[0]!.cost;
    }
    return values;
  }

  /** Summaries of a window; none where the column has had none yet. */
  summaries(window: WindowName): NamedSummary[] {
    const out: NamedSummary[] = [];
    for (const [name, { watches, dtype }] of this.columns) {
      watches.forEach((watch, element) => {
        const summary = watch.summary(window);
        const shown = watches.length > 1 ? `${cut(name)}[${element}]` : cut(name);
        if (summary) out.push({ name: shown, dtype, summary });
      });
    }
    return out;
  }

  rotate(): void {
    for (const { watches } of this.columns.values()) for (const watch of watches) watch.rotate();
  }

  private begin(name: string, column: Column): Watched {
    const { dtype, size } = column;
    const isExcluded = this.options.exclude.has(name);
    const isPooled = dtype.kind === 'list' || size > this.options.elementsUpTo || size === 0;
    const needed = isPooled ? 1 : size;
    const isRoom = !isExcluded && needed <= this.budget.left;
    const watches = isRoom ? this.watchesOf(name, column, isPooled, needed) : [];
    this.budget.left -= watches.length;
    this.isUneven ||= isPooled;
    const begun = { dtype, size, watches, isPooled, isExcluded };
    if (isRoom || this.columns.size < MAX_PASSED_OVER) this.columns.set(name, begun);
    return begun;
  }

  private watchesOf(name: string, { dtype }: Column, isPooled: boolean, count: number): ColumnWatch[] {
    const kind = this.options.categories.has(name) ? 'category' : kindOf(dtype);
    const order = this.columns.size;
    return Array.from(
      { length: count },
      (_, element) => new ColumnWatch(dtype, kind, this.options, isPooled ? undefined : element, order + element),
    );
  }
}

function fits(watched: Watched, { dtype, size }: Column): boolean {
  if (watched.watches.length === 0) return false;
  if (watched.dtype !== dtype && watched.dtype.name !== dtype.name) return false;
  return watched.isPooled || watched.size === size;
}

function cut(name: string): string {
  return name.length <= MAX_NAME_LENGTH ? name : `${name.slice(0, MAX_NAME_LENGTH)}…`;
}
