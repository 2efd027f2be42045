/** A hostile file could name any number of fields that nobody knows. */
const MAX_TEXTS = 100;

/** Collects what was read and does not apply, one text each. */
export class Ignored {
  private readonly found = new Set<string>();
  private more = 0;

  add(text: string): void {
    if (this.found.size < MAX_TEXTS) this.found.add(text);
    else this.more++;
  }

  get texts(): readonly string[] {
    return this.more > 0 ? [...this.found, `and ${this.more} more`] : [...this.found];
  }
}
