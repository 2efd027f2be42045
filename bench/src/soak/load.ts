import { setTimeout as pause } from 'node:timers/promises';
import { seededUniform } from '../workloads/random.js';
import type { Caller, SoakRequest, Treatment } from './request.js';
import type { Tally } from './tally.js';

/** Parts of a hundred; the rest is good. */
const FAULTS: readonly (readonly [Treatment, number])[] = [
  ['bad-input', 4],
  ['poison', 2],
  ['disconnect', 4],
  ['deadline', 4],
];
const TICK_MS = 5;
const TABLE = 10;
const SEED = 11;

/** Makes requests, each with a number of its own, and hands each to one of the callers. */
export class SoakLoad {
  private readonly random = seededUniform(SEED);
  private number = 0;

  constructor(
    private readonly callers: readonly Caller[],
    private readonly faults: boolean,
  ) {}

  /** Keeps `inFlight` requests under way; gives how many were done a second. */
  async flatOut(inFlight: number, seconds: number, tally: Tally): Promise<number> {
    const end = performance.now() + seconds * 1000;
    const before = tally.sent;
    const one = async (): Promise<void> => {
      while (performance.now() < end) await this.send(tally);
    };
    await Promise.all(Array.from({ length: inFlight }, one));
    return (tally.sent - before) / seconds;
  }

  /** Sends at a rate, whatever the answers do; ends when the last request has come to something. */
  async paced(perSecond: number, seconds: number, tally: Tally): Promise<void> {
    const start = performance.now();
    const underWay = new Set<Promise<void>>();
    for (let sent = 0; ;) {
      const elapsed = performance.now() - start;
      if (elapsed >= seconds * 1000) break;
      for (const due = (elapsed / 1000) * perSecond; sent < due; sent++) {
        const one = this.send(tally);
        underWay.add(one);
        void one.then(() => underWay.delete(one));
      }
      await pause(TICK_MS);
    }
    await Promise.all(underWay);
  }

  private async send(tally: Tally): Promise<void> {
    const request = this.next();
    const caller = this.callers[request.number % this.callers.length]!;
    tally.sent++;
    tally.count(caller.protocol, request, await caller.call(request, tally.twice));
  }

  private next(): SoakRequest {
    const number = ++this.number;
    // Not the parity of the number: that chooses the protocol.
    const target = this.random() < 0 ? 'worker' : 'process';
    return { number, index: number % TABLE, target, treatment: this.treatment() };
  }

  private treatment(): Treatment {
    let draw = ((this.random() + 1) / 2) * 100;
    if (this.faults) for (const [treatment, parts] of FAULTS) if ((draw -= parts) < 0) return treatment;
    return 'good';
  }
}
