import type { RawStream } from '@witan-libs/testing';
import { ECHO, HOLD, POUR, STREAM } from '../attack/victim.js';
import type { Random } from '../fuzz/random.js';
import type { CallPlan } from './caller.js';

const KIB = 1024;
const MIB = KIB * KIB;
export const LARGEST_BYTES = 64 * MIB;
const BLOCK = Buffer.alloc(LARGEST_BYTES);
for (let at = 0; at < BLOCK.length; at += 4) BLOCK.writeUInt32LE(Math.imul(at + 1, 0x9e37_79b1) >>> 0, at);

/** A message that no other call has: its number, then bytes that begin somewhere else each time. */
export function messageOf(number: number, bytes: number): Buffer {
  const head = Buffer.from(`<${number}>`);
  const rest = Math.max(0, bytes - head.length);
  const from = (number * 64) % (LARGEST_BYTES - rest || 1);
  return Buffer.concat([head, BLOCK.subarray(from, from + rest)]);
}

/** From 1 KB to 64 MB, most of them small. */
export function sizeOf(random: Random): number {
  const draw = random.below(1000);
  if (draw < 2) return LARGEST_BYTES - KIB;
  if (draw < 10) return MIB + random.below(8 * MIB);
  if (draw < 80) return 64 * KIB + random.below(MIB);
  return KIB + random.below(15 * KIB);
}

export interface Conduct extends CallPlan {
  /** Must be answered with what it sent; the others leave before. */
  readonly isHonest: boolean;
}

/** What one caller does next; `number` is nobody else's. */
export function conductOf(random: Random, number: number): Conduct {
  const draw = random.below(100);
  const leaves = { leaveAfterBytes: random.below(100_000), byReset: random.once(2), isHonest: false };
  if (draw < 55) return { path: ECHO, messages: [messageOf(number, sizeOf(random))], isHonest: true };
  const some = Array.from({ length: 1 + random.below(6) }, () => messageOf(number, KIB + random.below(20 * KIB)));
  if (draw < 80) return { path: STREAM, messages: some, isHonest: true };
  if (draw < 87) return { path: STREAM, messages: some, ...leaves };
  if (draw < 92) return { path: ECHO, messages: [messageOf(number, 200 * KIB)], ...leaves };
  if (draw < 97) return { path: POUR, messages: [messageOf(number, KIB)], ...leaves };
  return { path: HOLD, messages: [messageOf(number, KIB)], ...leaves, leaveAfterBytes: 0 };
}

/** What is wrong with the answer to an honest call. */
export function faultOf({ path, messages }: Conduct, stream: RawStream): string | undefined {
  const what = `${path} of ${messages.map((each) => each.length).join(' + ')} bytes`;
  if (stream.reset !== undefined) return `${what}: reset with ${stream.reset}`;
  if (!stream.isEnded) return `${what}: no answer`;
  if (stream.status !== 0) return `${what}: status ${stream.status} ${stream.statusMessage}`;
  const answers = stream.messages;
  if (answers.length !== messages.length) return `${what}: ${answers.length} messages`;
  return answers.every((answer, at) => answer.equals(messages[at]!)) ? undefined : `${what}: other bytes`;
}
