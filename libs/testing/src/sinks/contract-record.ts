import { columnOf, Frame } from '@witan/core/frame';

/** `@witan/sinks`'s LogRecord, by shape: this library stands below that package. */
export interface ContractRecord {
  readonly id: string;
  readonly requestId: string;
  readonly traceId?: string;
  readonly epochMs: number;
  readonly kind: 'handler' | 'service' | 'model';
  readonly point: string;
  readonly service: string;
  readonly model?: string;
  readonly version?: string;
  readonly input?: Frame;
  readonly output?: Frame;
  readonly error?: { readonly code: string; readonly message: string };
  readonly durationMs: number;
  readonly phases?: { readonly queueMs?: number; readonly inferMs?: number };
}

/** 2026-03-04T05:06:07.089Z */
const START_EPOCH_MS = Date.UTC(2026, 2, 4, 5, 6, 7, 89);
const HOSTILE_TEXT = 'a "quoted", \\ ü\u2028 😀\n';

/** The `i`-th record of a test: always the same, of one of three forms and of one of three keys (`requestId`). */
export function contractRecord(i: number): ContractRecord {
  const known = {
    id: `01890000-0000-7000-8000-${String(i).padStart(12, '0')}`,
    requestId: `request-${i % 3}`,
    epochMs: START_EPOCH_MS + i,
    kind: 'handler' as const,
    point: 'Iris.predict',
    service: 'predictions/iris/:run',
    durationMs: 1.5 + i,
  };
  if (i % 5 === 3) return { ...known, error: { code: 'CORE_ERR_DEADLINE', message: HOSTILE_TEXT } };
  if (i % 5 === 4) return { ...known, kind: 'model', point: 'empty', input: inputOf(i).slice(0, 0) };
  return {
    ...known,
    traceId: '0af7651916cd43dd8448eb211c80319c',
    model: 'iris',
    version: '3',
    phases: { queueMs: 0.25, inferMs: 1 },
    input: inputOf(i),
    output: Frame.fromColumns({ score: Float32Array.of(i + 0.1, -i), label: [HOSTILE_TEXT, `${i}`] }),
  };
}

/** Two rows of what tends to be lost: 64-bit integers, nulls, vectors, lists, bytes, a name that objects do not like. */
function inputOf(i: number): Frame {
  return new Frame([
    ['x', columnOf('f32', [0.1, i])],
    ['count', columnOf('i64', [2n ** 62n + BigInt(i), -(2n ** 63n)])],
    ['name', columnOf('utf8', [HOSTILE_TEXT, null])],
    ['pixels', columnOf('f64', [[1.5, NaN, i], null], { shape: [3] })],
    ['words', columnOf('list<utf8>', [['a', 'b'], []])],
    ['bytes', columnOf('binary', [Uint8Array.of(0, 255, i), null])],
    ['day', columnOf('date32', [20_000 + i, -1])],
    ['__proto__', columnOf('bool', [true, null])],
  ]);
}
