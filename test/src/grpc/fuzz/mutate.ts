import { frame, FRAME_HEADER_BYTES } from '@witan-libs/testing';
import type { Random } from './random.js';

type Mutation = (frames: Buffer[], at: number, random: Random) => void;

/** What may go wrong with frames, from a flipped bit to another's frames. */
const MUTATIONS: readonly Mutation[] = [
  function flipBits(frames, at, random) {
    const copy = Buffer.from(frames[at]!);
    for (let flips = 1 + random.below(4); flips > 0; flips--) copy[random.below(copy.length)]! ^= 1 << random.below(8);
    frames[at] = copy;
  },
  function otherType(frames, at, random) {
    frames[at] = Buffer.from(frames[at]!);
    frames[at]![3] = random.below(12);
  },
  function otherFlags(frames, at, random) {
    frames[at] = Buffer.from(frames[at]!);
    frames[at]![4] = random.below(256);
  },
  function otherStream(frames, at, random) {
    frames[at] = Buffer.from(frames[at]!);
    frames[at]!.writeUInt32BE(random.once(5) ? random.below(2 ** 31) : random.below(14), 5);
  },
  function otherLength(frames, at, random) {
    frames[at] = Buffer.from(frames[at]!);
    frames[at]!.writeUIntBE(random.once(4) ? random.below(2 ** 24) : random.below(300), 0, 3);
  },
  function cut(frames, at, random) {
    frames[at] = frames[at]!.subarray(0, random.below(frames[at]!.length));
  },
  function shorterPayload(frames, at, random) {
    const copy = Buffer.from(
      frames[at]!.subarray(0, FRAME_HEADER_BYTES + random.below(frames[at]!.length - FRAME_HEADER_BYTES + 1)),
    );
    copy.writeUIntBE(copy.length - FRAME_HEADER_BYTES, 0, 3);
    frames[at] = copy;
  },
  (frames, at) => void frames.splice(at, 1),
  (frames, at) => void frames.splice(at, 0, frames[at]!),
  (frames, at, random) => void frames.splice(at, 0, ...Array<Buffer>(random.below(200)).fill(frames[at]!)),
  function swap(frames, at, random) {
    const other = random.below(frames.length);
    [frames[at], frames[other]] = [frames[other]!, frames[at]!];
  },
  function insertFrame(frames, at, random) {
    const payload = random.bytes(random.below(random.once(8) ? 2000 : 24));
    frames.splice(at, 0, frame(random.below(11), random.below(256), random.once(3) ? 0 : random.below(14), payload));
  },
  (frames, at, random) => void frames.splice(at, 0, random.bytes(random.below(50))),
];

/** Some mutations of a sequence; `foreign` lends frames of another. */
export function mutated(frames: readonly Buffer[], foreign: readonly Buffer[], random: Random): Buffer[] {
  const changed = [...frames];
  if (random.once(4)) changed.splice(random.below(changed.length), 0, ...foreign.slice(random.below(foreign.length)));
  for (let times = 1 + random.below(3); times > 0; times--) {
    const at = random.below(changed.length);
    // A cut may have left nothing of a frame, or too little to be changed as one.
    if ((changed[at]?.length ?? 0) >= FRAME_HEADER_BYTES) random.of(MUTATIONS)(changed, at, random);
  }
  return changed;
}
