import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PREFACE, RawConnection } from '@witan-libs/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../harness/repository.js';
import { Victim } from '../attack/victim.js';
import { faultsOf } from './judge.js';
import { mutated } from './mutate.js';
import { Random } from './random.js';
import { recordedFrames } from './recordings.js';
import { validSequence } from './sequence.js';

/** `WITAN_FUZZ_SECONDS`: longer by night. `WITAN_FUZZ_SEED`: a failure again. */
const SECONDS = Number(process.env['WITAN_FUZZ_SECONDS'] ?? 30);
const SEED = Number(process.env['WITAN_FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const AT_ONCE = 16;
const MAX_GROWTH_BYTES = 32 * 1024 * 1024;

const recordings = recordedFrames(readFileSync(join(ROOT, 'test', 'fixtures', 'grpc-recordings.json'), 'utf8'));

describe(`mutated frames (WITAN_FUZZ_SEED=${SEED})`, () => {
  let victim: Victim;
  beforeAll(async () => void (victim = await Victim.start('witan')));
  afterAll(() => victim?.stop());

  /** Says one mutated sequence; gives what the server did wrong. */
  async function attempt(seed: number): Promise<string[]> {
    const random = new Random(seed);
    const pick = (): readonly Buffer[] => (random.once(3) ? random.of(recordings) : validSequence(random, seed).frames);
    const bytes = Buffer.concat(mutated(pick(), pick(), random));
    const connection = await RawConnection.open({ host: '127.0.0.1', port: victim.port }, { preface: false });
    const whole = Buffer.concat([PREFACE, bytes]);
    for (let at = 0; at < whole.length;) {
      const end = random.once(3) ? at + 1 + random.below(100) : whole.length;
      await connection.sent(whole.subarray(at, end));
      at = end;
    }
    await victim.greet();
    if (random.once(2)) connection.socket.end();
    else connection.destroy();
    await connection.closed();
    return faultsOf(connection, bytes).map((fault) => `seed ${seed}: ${fault}`);
  }

  it(`do no harm for ${SECONDS} s`, { timeout: (SECONDS + 120) * 1000 }, async () => {
    const before = await victim.idle();
    const until = performance.now() + SECONDS * 1000;
    let seed = SEED;
    while (performance.now() < until) {
      const faults = await Promise.all(Array.from({ length: AT_ONCE }, () => attempt(seed++)));
      expect(faults.flat()).toEqual([]);
      expect(victim.isAlive).toBe(true);
    }
    const after = await victim.idle();
    console.log(`${seed - SEED} mutated connections from seed ${SEED}; ${after.started - before.started} calls ran`);
    expect(after.bytes - before.bytes).toBeLessThan(MAX_GROWTH_BYTES);
  });
});
