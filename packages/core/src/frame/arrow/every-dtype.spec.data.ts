import { Column } from '../column.js';
import { columnOf } from '../column-of.js';
import { Frame } from '../frame.js';

/** Three rows of every dtype, with nulls. */
export function everyDType(): Frame {
  return Frame.fromColumns({
    bool: columnOf('bool', [true, null, false]),
    i8: columnOf('i8', [1, -128, null]),
    i16: columnOf('i16', [1, -32768, null]),
    i32: columnOf('i32', [1, -(2 ** 31), null]),
    i64: columnOf('i64', [2n ** 63n - 1n, null, -5n]),
    u8: columnOf('u8', [255, 0, null]),
    u16: columnOf('u16', [65535, 0, null]),
    u32: columnOf('u32', [2 ** 32 - 1, 0, null]),
    u64: columnOf('u64', [2n ** 64n - 1n, null, 0n]),
    f32: new Float32Array([1.5, -2, NaN]),
    f64: columnOf('f64', [0.1, null, -Infinity]),
    text: columnOf('utf8', ['ä😀', '', null]),
    bytes: columnOf('binary', [Uint8Array.of(0, 255), null, new Uint8Array(0)]),
    day: columnOf('date32', ['2026-01-31', null, '1969-12-31']),
    ms: columnOf('timestamp(ms, Europe/Berlin)', [new Date(1), null, new Date(-1)]),
    us: columnOf('timestamp(us)', [1n, null, -(2n ** 50n)]),
    ns: columnOf('timestamp(ns, UTC)', [1000n, null, 2000n]),
    span: columnOf('duration(us)', [1n, null, -2n]),
    ints: columnOf('list<i64>', [[1n], null, [2n, 3n]]),
    texts: columnOf('list<utf8>', [['x', 'y'], [], ['z']]),
    vector: columnOf('f32', [[1, 2], null, [3, 4]], { shape: [2] }),
    matrix: columnOf(
      'f64',
      [
        [1, 2, 3, 4, 5, 6],
        null,
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
      ],
      { shape: [2, 3] },
    ),
    flags: columnOf('bool', [[true, false], [false, true], null], { shape: [2] }),
    dictionary: new Column({ dtype: 'utf8', length: 3, data: { codes: Int32Array.of(1, 0, 1), values: ['p', 'q'] } }),
  });
}

/** What Polars has not. */
export const halves = (): Frame =>
  Frame.fromColumns({ half: columnOf('f16', [1.5, null, -Infinity]), second: columnOf('timestamp(s)', [1, null, 3]) });
