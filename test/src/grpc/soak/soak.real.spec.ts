import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { makeCertificates, RawConnection } from '@witan-libs/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ECHO, POUR, STREAM, Victim } from '../attack/victim.js';
import { Random } from '../fuzz/random.js';
import { conversation, SoakCaller } from './caller.js';
import { faultOf, LARGEST_BYTES, messageOf } from './conduct.js';
import { Crowd } from './crowd.js';

/** `WITAN_SOAK_SECONDS`: longer by night. `WITAN_SOAK_SEED`: the same calls again. */
const SECONDS = Number(process.env['WITAN_SOAK_SECONDS'] ?? 15);
const SEED = Number(process.env['WITAN_SOAK_SEED'] ?? Date.now() % 2 ** 31);
const CONNECTIONS = 300;
const MIB = 1024 * 1024;
/** Heap and buffers of a server that has nothing to do, after garbage was collected. */
const MAX_GROWTH_BYTES = 16 * MIB;

/** Some of the time goes to learning what the server holds; the rest must not make it more. */
async function soak(
  victim: Victim,
  open: () => Promise<SoakCaller>,
  connections: number,
  seconds: number,
): Promise<void> {
  const crowd = new Crowd(victim, open, new Random(SEED));
  await crowd.gather(connections);
  const before = await crowd.callFor(seconds / 3);
  const after = await crowd.callFor((seconds * 2) / 3);
  crowd.disperse();
  expect(crowd.faults).toEqual([]);
  const kept = ((after.bytes - before.bytes) / MIB).toFixed(1);
  const rss = [before, after].map((usage) => `${Math.round(usage.rss / MIB)} MiB`).join(', then ');
  const calls = `${crowd.answered} calls answered, ${crowd.left} left, ${Math.round(crowd.bytes / MIB)} MiB`;
  console.log(`${calls}; kept ${kept} MiB; resident ${rss}`);
  expect(after.bytes - before.bytes).toBeLessThan(MAX_GROWTH_BYTES);
}

const timeout = (SECONDS + 240) * 1000;

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

  it('loses and doubles nothing, and keeps nothing', { timeout }, () =>
    soak(victim, () => SoakCaller.open(victim.port), CONNECTIONS, (SECONDS * 2) / 3),
  );
});

describe(`a long day over TLS (WITAN_SOAK_SEED=${SEED})`, () => {
  const certificates = makeCertificates();
  const tls: ConnectionOptions = { ca: readFileSync(certificates.ca) };
  let victim: Victim;
  beforeAll(async () => {
    const [key, cert] = [certificates.server.key, certificates.server.cert].map((file) => readFileSync(file, 'utf8'));
    const options = { tls: { key: key!, cert: cert!, ca: String(tls.ca) }, maxReceiveMessageBytes: LARGEST_BYTES };
    victim = await Victim.start('witan', options);
  });
  afterAll(async () => {
    await victim?.stop();
    certificates.remove();
  });

  it('loses and doubles nothing, and keeps nothing', { timeout }, () =>
    soak(victim, () => SoakCaller.open(victim.port, tls), CONNECTIONS / 3, SECONDS / 3),
  );
});
