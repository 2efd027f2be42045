/** Sets that are remembered by identity for one name. */
const MAX_NEAR = 16;

interface Near<T> {
  readonly b: unknown;
  readonly c: unknown;
  readonly d: unknown;
  readonly set: T;
}

/**
 * What was looked up once by four values, found again without making a key: the first by its hash, which a string keeps,
 * the others by identity. A miss costs a proper lookup, nothing else.
 */
export class BoundSets<T> {
  private readonly byName = new Map<string, Near<T>[]>();

  constructor(private readonly maxNames = 1_000) {}

  get(a: string, b: unknown, c: unknown, d: unknown): T | undefined {
    const near = this.byName.get(a);
    if (near === undefined) return undefined;
    for (let i = 0; i < near.length; i++) {
      const one = near[i]!;
      if (one.b === b && one.c === c && one.d === d) return one.set;
    }
    return undefined;
  }

  put(a: string, b: unknown, c: unknown, d: unknown, set: T): T {
    let near = this.byName.get(a);
    if (near === undefined) {
      if (this.byName.size >= this.maxNames) return set;
      this.byName.set(a, (near = []));
    }
    if (near.length >= MAX_NEAR) near.shift();
    near.push({ b, c, d, set });
    return set;
  }
}
