// Decoding in this process: JSON.parse alone, and Witan's decoder of the same text. No server.
import { schemaOf, Schema } from '@witan/core';
import { jsonDecoderOf } from '../../../packages/core/dist/schema/json-decoder.js';
import { Reading } from '../apps/w1/reading.schema.js';
import { announce } from '../process/control.js';
import { seededUniform } from '../workloads/random.js';
import { w1Record } from '../workloads/w1.js';

/** Microseconds a body; the two sides of a pair are neighbours in time. */
export interface DecodePair {
  readonly decodeUs: number;
  readonly parseUs: number;
}

/** All pairs of one body. */
export interface DecodeTimes {
  readonly body: string;
  readonly bytes: number;
  readonly pairs: readonly DecodePair[];
}

const PAIRS = 61;
const BLOCK_MS = 15;
const WIDE_ROWS = 50;
const WIDE_COLUMNS = 20;

function wideRecords(): object[] {
  const random = seededUniform(7);
  const record = () =>
    Object.fromEntries(Array.from({ length: WIDE_COLUMNS }, (_, i) => [`feature_${i}`, Math.fround(random())]));
  return Array.from({ length: WIDE_ROWS }, record);
}

const wideColumns = Array.from({ length: WIDE_COLUMNS }, (_, i) => [`feature_${i}`, 'f32' as const] as const);
const wideSchema = Schema.dynamic({ columns: Object.fromEntries(wideColumns) });

/** Calls for about BLOCK_MS; microseconds a call. */
function block(call: () => unknown): number {
  const start = performance.now();
  let calls = 0;
  let now = start;
  while (now - start < BLOCK_MS) {
    for (let i = 0; i < 16; i++) call();
    calls += 16;
    now = performance.now();
  }
  return ((now - start) * 1000) / calls;
}

function times(body: string, parse: () => unknown, decode: () => unknown, bytes: number): DecodeTimes {
  const pair = (): DecodePair => ({ parseUs: block(parse), decodeUs: block(decode) });
  for (let i = 0; i < 10; i++) pair();
  return { body, bytes, pairs: Array.from({ length: PAIRS }, pair) };
}

function both(name: string, decoder: ReturnType<typeof jsonDecoderOf>, records: object[]): DecodeTimes[] {
  const text = JSON.stringify(records);
  const bytes = Buffer.from(text);
  return [
    times(
      `${name}, text`,
      () => JSON.parse(text),
      () => decoder.decode(text),
      bytes.length,
    ),
    times(
      `${name}, bytes`,
      () => JSON.parse(bytes.toString()),
      () => decoder.decode(bytes),
      bytes.length,
    ),
  ];
}

const measure = (): DecodeTimes[] => [
  ...both('W1 (1 x 16)', jsonDecoderOf(schemaOf(Reading)), [w1Record()]),
  ...both(`${WIDE_ROWS} x ${WIDE_COLUMNS}`, jsonDecoderOf(wideSchema), wideRecords()),
];

announce({}, measure);
process.once('SIGTERM', () => process.exit());
