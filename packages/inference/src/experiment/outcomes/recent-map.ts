/**
 * A map that holds so many entries and no more: the first that came goes first. The order is kept beside the map: to ask
 * a Map for its oldest entry takes the longer, the more were deleted before.
 */
export class RecentMap<V> {
  private readonly map = new Map<string, V>();
  /** The ids in the order of their coming, as a ring once it is full. */
  private readonly order: string[] = [];
  private next = 0;

  constructor(private readonly limit: number) {}

  get size(): number {
    return this.map.size;
  }

  get(id: string): V | undefined {
    return this.map.get(id);
  }

  /** Gives true when another one had to go. */
  set(id: string, value: V): boolean {
    const before = this.map.size;
    this.map.set(id, value);
    // It was there already, and keeps its place.
    if (this.map.size === before) return false;
    if (this.order.length < this.limit) {
      this.order.push(id);
      return false;
    }
    this.map.delete(this.order[this.next]!);
    this.order[this.next] = id;
    this.next = (this.next + 1) % this.limit;
    return true;
  }
}
