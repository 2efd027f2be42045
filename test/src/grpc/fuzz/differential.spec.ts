import { Flag, frame, FrameType, PREFACE, RawConnection } from '@witan-libs/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Victim } from '../attack/victim.js';
import { faultsOf } from './judge.js';
import { Random } from './random.js';
import { validSequence } from './sequence.js';

/** `WITAN_FUZZ_SEQUENCES`: more by night. */
const SEQUENCES = Number(process.env['WITAN_FUZZ_SEQUENCES'] ?? 150);
const SEED = Number(process.env['WITAN_FUZZ_SEED'] ?? 1);

interface Answer {
  readonly stream: number;
  readonly status: number | undefined;
  readonly messages: readonly string[];
}

/** What a server answers on each stream that the client did not break off. */
async function answersOf(victim: Victim, seed: number): Promise<Answer[]> {
  const random = new Random(seed);
  const { frames, streams, broken } = validSequence(random, seed);
  const connection = await RawConnection.open({ host: '127.0.0.1', port: victim.port }, { preface: false });
  const whole = Buffer.concat([PREFACE, ...frames]);
  for (let at = 0; at < whole.length;) {
    const end = random.once(2) ? at + 1 + random.below(200) : whole.length;
    await connection.sent(whole.subarray(at, end));
    at = end;
  }
  for (const id of streams) if (!broken.has(id)) await connection.over(id);
  const sent = Buffer.concat(frames);
  connection.destroy();
  expect([seed, faultsOf(connection, sent)]).toEqual([seed, []]);
  return streams
    .filter((id) => !broken.has(id))
    .map((id) => {
      const { status, messages } = connection.stream(id);
      return { stream: id, status, messages: messages.map(String) };
    });
}

describe('the same frames', () => {
  let victims: Victim[];
  beforeAll(async () => void (victims = await Promise.all([Victim.start('grpc-js'), Victim.start('witan')])));
  afterAll(() => Promise.all(victims.map((each) => each.stop())));

  it(
    `are answered alike by grpc-js and by witan, ${SEQUENCES} times from seed ${SEED}`,
    { timeout: 30_000 + SEQUENCES * 100 },
    async () => {
      for (let seed = SEED; seed < SEED + SEQUENCES; seed++) {
        const [expected, answers] = await Promise.all(victims.map((each) => answersOf(each, seed)));
        expect([seed, answers]).toEqual([seed, expected]);
      }
      const left = await Promise.all(victims.map((each) => each.idle()));
      expect(left.map(({ open }) => open)).toEqual([0, 0]);
    },
  );

  it('are judged: an answer on the wrong stream is found', async () => {
    const connection = await victims[1]!.connect({ preface: false });
    connection.stream(3).chunks.push(Buffer.from('<7.1.0>'));
    const sent = frame(FrameType.DATA, Flag.END_STREAM, 1, Buffer.from('<7.1.0>'));
    expect(faultsOf(connection, sent)).toEqual(['stream 3 was answered <7.1.0>, which it did not send']);
  });
});
