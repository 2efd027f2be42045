import type { Usage, Victim } from '../attack/victim.js';
import type { Random } from '../fuzz/random.js';
import type { SoakCaller } from './caller.js';
import { conductOf, faultOf } from './conduct.js';

/** Calls under way at once; the other connections rest meanwhile. */
const AT_ONCE = 24;

/** Hundreds of callers on connections of their own, some of whom leave when it suits them. */
export class Crowd {
  answered = 0;
  left = 0;
  bytes = 0;
  readonly faults: string[] = [];
  private readonly resting: SoakCaller[] = [];
  private number = 1;

  constructor(
    private readonly victim: Victim,
    private readonly open: () => Promise<SoakCaller>,
    private readonly random: Random,
  ) {}

  async gather(count: number): Promise<void> {
    while (this.resting.length < count) this.resting.push(await this.open());
  }

  /** Calls until the time is over or something is wrong; gives what the server holds when it has nothing to do. */
  async callFor(seconds: number): Promise<Usage> {
    const until = performance.now() + seconds * 1000;
    const one = async (): Promise<void> => {
      while (performance.now() < until && this.faults.length === 0) await this.once();
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
    return this.victim.idle();
  }

  /** One call by the next connection that rests; a connection that was left is replaced. */
  private async once(): Promise<void> {
    const caller = this.resting.shift() ?? (await this.open());
    const conduct = conductOf(this.random, this.number++);
    const stream = await caller.call(conduct);
    const { faults, goaway } = caller.connection;
    for (const fault of faults) this.faults.push(`the connection: ${fault}`);
    if (conduct.isHonest) {
      const fault = faultOf(conduct, stream);
      if (fault === undefined) this.answered++;
      else this.faults.push(`${fault} ${JSON.stringify(goaway ?? {})}`);
      this.bytes += stream.dataBytes;
    } else {
      this.left++;
    }
    this.resting.push(caller.isClosed ? await this.open() : caller);
  }

  disperse(): void {
    for (const each of this.resting.splice(0)) each.close();
  }
}
