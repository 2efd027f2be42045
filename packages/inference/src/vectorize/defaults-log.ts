import type { Context } from '@witan/core';

/** Whether a caller wants to know which features its rows lacked: `x-witan-defaults: 1`; the answer's header has the same name. */
export const DEFAULTS_HEADER = 'x-witan-defaults';

/** Whoever may ask for what its rows lacked; a request's Context is one. */
export type DefaultsCaller = Pick<Context, 'header' | 'setHeader'>;

/** Headers are bounded by most peers, often at 8 KiB together. */
const MAX_BYTES = 4096;

/** Takes note of cells that got their feature's default. */
export interface DefaultsSink {
  add(row: number, feature: number): void;
}

/** {@link DefaultsSink} of one request. */
export class DefaultsLog implements DefaultsSink {
  private readonly rows: number[] = [];
  private readonly features: number[] = [];
  private count = 0;

  constructor(private readonly names: readonly string[]) {}

  add(row: number, feature: number): void {
    // A name takes at least one byte, its comma another: more could not be told.
    if (++this.count > MAX_BYTES / 2) return;
    this.rows.push(row);
    this.features.push(feature);
  }

  tell(caller: DefaultsCaller): void {
    caller.setHeader(DEFAULTS_HEADER, this.text());
  }

  /** `3; 5=oh_0,emb_1; 17=std_4`: how many, then each row with its features; names percent-encoded; `; ...` at the end where it is cut. */
  text(): string {
    const order = this.rows.map((_, i) => i).sort((a, b) => this.rows[a]! - this.rows[b]! || a - b);
    let text = String(this.count);
    let row = -1;
    for (const i of order) {
      const name = encodeURIComponent(this.names[this.features[i]!]!);
      const next = this.rows[i] === row ? `,${name}` : `; ${(row = this.rows[i]!)}=${name}`;
      if (text.length + next.length > MAX_BYTES - 5) return `${text}; ...`;
      text += next;
    }
    return this.count > order.length ? `${text}; ...` : text;
  }
}
