import type { BatchedRequest } from '@witan/core';
import { DEFAULTS_HEADER, DefaultsLog, type DefaultsSink } from './defaults-log.js';

interface Share {
  readonly request: BatchedRequest<object>;
  readonly log: DefaultsLog;
}

/** What the rows of a batch lacked, for those of its requests that asked. */
export class BatchDefaults implements DefaultsSink {
  private constructor(private readonly shares: readonly Share[]) {}

  /** `undefined`: nobody asked. `rows`: of the Frame; where it is not the batch row by row, nobody can be told. */
  static of(
    requests: readonly BatchedRequest<object>[],
    rows: number,
    names: readonly string[],
  ): BatchDefaults | undefined {
    const asked = requests.filter(({ context }) => context.header(DEFAULTS_HEADER) === '1');
    if (asked.length === 0 || requests.at(-1)!.end !== rows) return undefined;
    return new BatchDefaults(asked.map((request) => ({ request, log: new DefaultsLog(names) })));
  }

  add(row: number, feature: number): void {
    for (const { request, log } of this.shares)
      if (row >= request.start && row < request.end) return log.add(row - request.start, feature);
  }

  tell(): void {
    for (const { request, log } of this.shares) request.context.setHeader(DEFAULTS_HEADER, log.text());
  }
}
