import { describe, expect, it } from 'vitest';

import { WitanError } from '../../errors/witan-error.js';
import { Column } from '../column.js';
import { columnOf } from '../column-of.js';
import { Frame } from '../frame.js';
import { DELTA_STREAM, LZ4_STREAM, VIEW_STREAM, ZSTD_STREAM } from './pyarrow-streams.spec.data.js';
import { ArrowStreamReader, decodeArrowStream } from './read-stream.js';
import { ArrowStreamWriter, encodeArrowStream } from './write-stream.js';

/** xorshift32: the same cases on every run. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const limits = { maxRows: 100_000, maxColumns: 100, maxBytes: 1 << 24 };

/** Reads a Frame or throws a WitanError of the caller's making; and the Frame can be used. */
function survives(bytes: Uint8Array): 'read' | 'refused' {
  let frame: Frame;
  try {
    frame = decodeArrowStream(bytes, limits);
  } catch (error) {
    if (!WitanError.is(error) || !error.code.startsWith('CORE_ERR_ARROW_')) throw error;
    // The safety net around the decoder must have had nothing to do.
    expect(error.cause === undefined || error.code === 'CORE_ERR_ARROW_CODEC').toBe(true);
    return 'refused';
  }
  if (frame.rows < 2000) {
    frame.records();
    encodeArrowStream(frame);
  }
  return 'read';
}

function everyDType(): Frame {
  return Frame.fromColumns({
    bool: columnOf('bool', [true, null, false]),
    i64: columnOf('i64', [1n, null, -5n]),
    f32: new Float32Array([1, 2, 3]),
    text: columnOf('utf8', ['ä', 'bc', null]),
    bytes: columnOf('binary', [Uint8Array.of(1, 2), null, new Uint8Array(0)]),
    instant: columnOf('timestamp(ms, Europe/Berlin)', [1, null, 2]),
    list: columnOf('list<i64>', [[1n], null, [2n, 3n]]),
    texts: columnOf('list<utf8>', [['x', 'y'], [], ['z']]),
    vector: columnOf('f32', [[1, 2, 3, 4], null, [5, 6, 7, 8]], { shape: [2, 2] }),
    dictionary: new Column({ dtype: 'utf8', length: 3, data: { codes: Int32Array.of(1, 0, 1), values: ['p', 'q'] } }),
  });
}

function twoBatches(): Uint8Array {
  const writer = new ArrowStreamWriter();
  const frame = everyDType();
  return Buffer.concat([writer.write(frame), writer.write(frame.slice(1, 2)), writer.finish()]);
}

const STREAMS: readonly (readonly [string, Uint8Array])[] = [
  ['every dtype', encodeArrowStream(everyDType())],
  ['two batches', twoBatches()],
  ['dictionary deltas', DELTA_STREAM()],
  ['views', VIEW_STREAM()],
  ['LZ4', LZ4_STREAM()],
  ['ZSTD', ZSTD_STREAM()],
];

describe.each(STREAMS)('a hostile stream: %s', (_, original) => {
  it('is refused when cut short anywhere', () => {
    for (let length = 0; length < original.length - 8; length++) {
      const outcome = survives(original.subarray(0, length));
      // Between two messages a stream may end without its marker.
      if (length % 8 !== 0) expect(outcome).toBe('refused');
    }
  });

  it('does no harm with one bit flipped, wherever it is', () => {
    const bytes = Uint8Array.from(original);
    const step = Math.max(1, Math.floor((bytes.length * 8) / 2500));
    for (let bit = 0; bit < bytes.length * 8; bit += step) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      survives(bytes);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
  });

  it('does no harm with bytes overwritten by extreme ones', () => {
    const next = random(7);
    const extremes = [0x00, 0x01, 0x7f, 0x80, 0xff];
    for (let round = 0; round < 1200; round++) {
      const bytes = Uint8Array.from(original);
      for (let count = next(6); count >= 0; count--) {
        const at = next(bytes.length);
        bytes.fill(extremes[next(extremes.length)]!, at, at + 1 + next(8));
      }
      survives(bytes);
    }
  });
});

describe('a stream that costs more than it weighs', () => {
  it('is refused by the limits', () => {
    const refused = expect.objectContaining({ code: 'CORE_ERR_ARROW_LIMIT', httpStatus: 413 });
    const frame = Frame.fromColumns({ x: new Float64Array(1000), s: Array<string>(1000).fill('abc') });
    const bytes = encodeArrowStream(frame);
    expect(decodeArrowStream(bytes, { maxRows: 1000, maxColumns: 2, maxBytes: 40_000 }).rows).toBe(1000);
    expect(() => decodeArrowStream(bytes, { maxRows: 999 })).toThrow(refused);
    expect(() => decodeArrowStream(bytes, { maxColumns: 1 })).toThrow(refused);
    expect(() => decodeArrowStream(bytes, { maxBytes: 8000 })).toThrow(refused);
    expect(() => decodeArrowStream(LZ4_STREAM(), { maxBytes: 500 })).toThrow(refused);
    expect(() => decodeArrowStream(encodeArrowStream(new Frame([], 2 ** 30)))).toThrow(refused);
  });
});

describe('random bytes', () => {
  it('are refused', () => {
    const next = random(11);
    for (let round = 0; round < 500; round++) {
      const bytes = Uint8Array.from({ length: next(400) }, () => next(256));
      expect(survives(bytes)).toBe('refused');
      if (bytes.length < 16) continue;
      new DataView(bytes.buffer).setInt32(0, -1, true);
      new DataView(bytes.buffer).setInt32(4, next(bytes.length), true);
      survives(bytes);
    }
  });

  it('are refused by the incremental reader too', () => {
    const reader = new ArrowStreamReader(undefined, 1 << 20);
    expect(() => reader.push(Uint8Array.from({ length: 64 }, (_, i) => i))).toThrow(
      expect.objectContaining({ code: 'CORE_ERR_ARROW_FORMAT' }),
    );
    const huge = new Int32Array([-1, 0x7fff_fff8]);
    expect(() => new ArrowStreamReader().push(new Uint8Array(huge.buffer))).toThrow(
      expect.objectContaining({ code: 'CORE_ERR_ARROW_LIMIT' }),
    );
  });
});
