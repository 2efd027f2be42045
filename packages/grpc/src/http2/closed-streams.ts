const KEPT = 128;

/** How a stream came to its end. */
export const CLOSED = { unknown: 0, both: 1, byUs: 2, byPeer: 3 } as const;
export type Closed = (typeof CLOSED)[keyof typeof CLOSED];

/**
 * The streams that were closed last. What still arrives for one that we have reset was under way and is no error; for
 * one that the caller ended it is.
 */
export class ClosedStreams {
  private readonly ids: number[] = [];
  private readonly hows: Closed[] = [];
  private next = 0;

  add(id: number, how: Closed): void {
    this.ids[this.next] = id;
    this.hows[this.next] = how;
    this.next = (this.next + 1) & (KEPT - 1);
  }

  how(id: number): Closed {
    const index = this.ids.indexOf(id);
    return index < 0 ? CLOSED.unknown : this.hows[index]!;
  }
}
