import { type Column, Frame } from '@witan/core/frame';
import type { LogOptions, Redaction } from './log-options.js';
import { redacted } from './redact.js';

/** Takes from a Frame what may be kept of it. */
export class ColumnChoice {
  /** `undefined`: all. */
  private readonly names: ReadonlySet<string> | undefined;
  private readonly redact: ReadonlyMap<string, Redaction>;
  /** Nothing of it is kept. */
  readonly isEmpty: boolean;

  constructor(
    direction: LogOptions['input'],
    { columns, redact = {} }: LogOptions,
    private readonly hashKey: string,
  ) {
    const listed = Array.isArray(direction) ? (direction as readonly string[]) : undefined;
    const both = columns && new Set(columns);
    this.isEmpty = direction === false;
    this.names = listed ? new Set(both ? listed.filter((name) => both.has(name)) : listed) : both;
    this.redact = new Map(Object.entries(redact) as [string, Redaction][]);
  }

  of(frame: Frame): Frame | undefined {
    if (this.isEmpty) return undefined;
    if (!this.names && this.redact.size === 0) return frame;
    const kept = new Map<string, Column>();
    for (const [name, column] of frame.columns) {
      if (this.names && !this.names.has(name)) continue;
      const how = this.redact.get(name);
      const shown = how ? redacted(column, how, this.hashKey) : column;
      if (shown) kept.set(name, shown);
    }
    return new Frame(kept, frame.rows);
  }
}
