import { RawConnection } from '@witan-libs/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ECHO, POUR, STREAM, type Usage, Victim } from '../attack/victim.js';
import { Random } from '../fuzz/random.js';
import { conversation, SoakCaller } from './caller.js';
import { conductOf, faultOf, LARGEST_BYTES, messageOf } from './conduct.js';

/** `WITAN_SOAK_SECONDS`: longer by night. `WITAN_SOAK_SEED`: the same calls again. */
const SECONDS = Number(process.env['WITAN_SOAK_SECONDS'] ?? 15);
const SEED = Number(process.env['WITAN_SOAK_SEED'] ?? Date.now() % 2 ** 31);
const CONNECTIONS = 300;
/** Calls under way at once; the other connections rest meanwhile. */
const AT_ONCE = 24;
const MIB = 1024 * 1024;
/** Heap and buffers of a server that has nothing to do, after garbage was collected. */
const MAX_GROWTH_BYTES = 16 * MIB;

interface Tally {
  answered: number;
  left: number;
  bytes: number;
  readonly faults: string[];
}

describe(`a long day (WITAN_SOAK_SEED=${SEED})`, () => {
  let victim: Victim;
  beforeAll(async () => void (victim = await Victim.start('witan', { maxReceiveMessageBytes: LARGEST_BYTES })));
  afterAll(() => victim?.stop());

  it.each([
    ['one message', ECHO, [messageOf(1, 200)]],
    ['a stream', STREAM, [messageOf(2, 60), messageOf(2, 60), messageOf(2, 60)]],
    ['an answer without end', POUR, [messageOf(3, 40)]],
  ])('goes on after callers of %s that leave after each byte of it', async (_, path, messages) => {
    const bytes = conversation(path, messages);
    for (let end = 0; end <= bytes.length; end++) {
      const connection = await RawConnection.open({ host: '127.0.0.1', port: victim.port }, { preface: false });
      await connection.sent(bytes.subarray(0, end));
      // Half of them say goodbye first.
      if (end % 2 === 0) connection.socket.end();
      else connection.destroy();
      if (end % 64 === 0) await victim.greet();
    }
    expect((await victim.idle()).open).toBe(0);
  });

  it('goes on after callers that leave after each 4000 bytes of an answer', async () => {
    const message = messageOf(4, 400_000);
    for (let leaveAfterBytes = 0; leaveAfterBytes < message.length; leaveAfterBytes += 4000) {
      const caller = await SoakCaller.open(victim.port);
      await caller.call({ path: ECHO, messages: [message], leaveAfterBytes, byReset: leaveAfterBytes % 3 === 0 });
      caller.close();
    }
    expect((await victim.idle()).open).toBe(0);
  });

  it.each([1000, 65_536, MIB, 16 * MIB, LARGEST_BYTES])('answers a message of %i bytes with itself', async (bytes) => {
    const caller = await SoakCaller.open(victim.port);
    const conduct = { path: ECHO, messages: [messageOf(5, bytes)], isHonest: true };
    expect(faultOf(conduct, await caller.call(conduct))).toBeUndefined();
    caller.close();
  });

  const random = new Random(SEED);
  const callers: SoakCaller[] = [];
  let number = 10;

  /** One call by the next connection that rests; a connection that was left is replaced. */
  async function once(tally: Tally): Promise<void> {
    const caller = callers.shift() ?? (await SoakCaller.open(victim.port));
    const conduct = conductOf(random, number++);
    const stream = await caller.call(conduct);
    for (const fault of caller.connection.faults) tally.faults.push(`the connection: ${fault}`);
    if (conduct.isHonest) {
      const fault = faultOf(conduct, stream);
      if (fault !== undefined) tally.faults.push(`${fault} ${JSON.stringify(caller.connection.goaway ?? {})}`);
      else tally.answered++;
      tally.bytes += stream.dataBytes;
    } else {
      tally.left++;
    }
    if (!caller.isClosed) callers.push(caller);
    else callers.push(await SoakCaller.open(victim.port));
  }

  async function callFor(seconds: number, tally: Tally): Promise<Usage> {
    const until = performance.now() + seconds * 1000;
    const one = async (): Promise<void> => {
      while (performance.now() < until && tally.faults.length === 0) await once(tally);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
    expect(tally.faults).toEqual([]);
    return victim.idle();
  }

  it(`loses and doubles nothing, and keeps nothing, in ${SECONDS} s`, { timeout: (SECONDS + 240) * 1000 }, async () => {
    for (let i = 0; i < CONNECTIONS; i++) callers.push(await SoakCaller.open(victim.port));
    const tally: Tally = { answered: 0, left: 0, bytes: 0, faults: [] };
    const before = await callFor(SECONDS / 3, tally);
    const after = await callFor((SECONDS * 2) / 3, tally);
    for (const each of callers) each.close();
    const growth = ((after.bytes - before.bytes) / MIB).toFixed(1);
    const rss = [before, after].map((usage) => `${Math.round(usage.rss / MIB)} MiB`).join(', then ');
    console.log(
      `${tally.answered} calls answered, ${tally.left} left, ${Math.round(tally.bytes / MIB)} MiB; kept ${growth} MiB; resident ${rss}`,
    );
    expect(after.bytes - before.bytes).toBeLessThan(MAX_GROWTH_BYTES);
  });
});
