/** Resets that one connection may cause: so many at once, then so many a second. */
const BURST = 500;
const PER_MS = 16 / 1000;
/** Beyond the first bound the client is asked to reconnect, which costs no call; with so many more it is ended. */
const PATIENCE = 500;

/**
 * Against rapid reset: a call costs the server more than its reset costs the client. Callers with tight deadlines reset
 * calls too, so that the first measure is a GOAWAY without an error.
 */
export class ResetBudget {
  private left = BURST;
  private at = 0;

  spend(now: number): 'go-on' | 'reconnect' | 'end' {
    this.left = Math.min(BURST, this.left + (now - this.at) * PER_MS) - 1;
    this.at = now;
    if (this.left > 0) return 'go-on';
    return this.left > -PATIENCE ? 'reconnect' : 'end';
  }
}
