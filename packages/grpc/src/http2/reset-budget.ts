/** Resets that one connection may cause: so many at once, then so many a second. */
const BURST = 500;
const PER_MS = 16 / 1000;

/**
 * Against rapid reset: a call costs the server more than its reset costs the client. Callers with tight deadlines reset
 * calls too, so that the client is asked to reconnect, which costs no call: what it opens until it has heard is refused
 * before any method sees it, and clients of gRPC then try again elsewhere by themselves.
 */
export class ResetBudget {
  private left = BURST;
  private at = 0;

  /** True: the client must reconnect. */
  spend(now: number): boolean {
    this.left = Math.min(BURST, this.left + (now - this.at) * PER_MS) - 1;
    this.at = now;
    return this.left <= 0;
  }
}
