import type { Field } from './field.js';

/** RFC 7541, 2.3.2: a queue of fields, the newest first, bounded by {@link maxSize}. */
export class DynamicTable {
  /** Counts what was put in: a block means the same only as long as this stays. */
  version = 0;
  /** A ring; its length is a power of two. */
  private entries: (Field | undefined)[] = new Array<undefined>(8);
  /** Where the newest stands. */
  private head = 0;
  private count = 0;
  private size = 0;

  constructor(private max: number) {}

  get length(): number {
    return this.count;
  }

  get byteSize(): number {
    return this.size;
  }

  get maxSize(): number {
    return this.max;
  }

  /** The field at `index`, 0 being the newest. */
  get(index: number): Field | undefined {
    return index < this.count ? this.entries[(this.head + index) & (this.entries.length - 1)] : undefined;
  }

  /** RFC 7541, 4.4: an entry larger than the table empties it, and is no error. */
  add(field: Field): void {
    this.version++;
    this.evict(this.max - field.size);
    if (field.size > this.max) return;
    if (this.count === this.entries.length) this.grow();
    this.head = (this.head - 1) & (this.entries.length - 1);
    this.entries[this.head] = field;
    this.count++;
    this.size += field.size;
  }

  resize(max: number): void {
    this.version++;
    this.max = max;
    this.evict(max);
  }

  private evict(room: number): void {
    while (this.count > 0 && this.size > room) {
      const last = (this.head + --this.count) & (this.entries.length - 1);
      this.size -= this.entries[last]!.size;
      this.entries[last] = undefined;
    }
  }

  private grow(): void {
    const inOrder = Array.from({ length: this.count }, (_, index) => this.get(index));
    this.entries = [...inOrder, ...new Array<undefined>(this.count)];
    this.head = 0;
  }
}
