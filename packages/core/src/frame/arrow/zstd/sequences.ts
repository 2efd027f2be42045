import { BackwardBits, broken } from './bits.js';
import { buildFse, type FseTable, readFse, singleSymbol } from './fse.js';

/** One of the three codes of a sequence: what its symbols mean, and the table used when none is sent. */
interface Code {
  readonly maxLog: number;
  readonly bases: readonly number[];
  readonly extraBits: readonly number[];
  readonly usual: FseTable;
}

function code(
  maxLog: number,
  first: number,
  extraBits: readonly number[],
  usualLog: number,
  counts: readonly number[],
): Code {
  const bases: number[] = [];
  let base = first;
  for (const bits of extraBits) {
    bases.push(base);
    base += 2 ** bits;
  }
  return { maxLog, bases, extraBits, usual: buildFse(counts, usualLog) };
}

const times = (count: number, value: number): number[] => Array<number>(count).fill(value);
const ascending = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** RFC 8878, 3.1.1.3.2.1 and 3.1.1.3.2.2. */
const LITERAL_LENGTHS = code(9, 0, [...times(16, 0), 1, 1, 1, 1, 2, 2, 3, 3, 4, ...ascending(6, 16)], 6, [
  4,
  3,
  ...times(11, 2),
  1,
  1,
  1,
  ...times(9, 2),
  3,
  2,
  ...times(5, 1),
  ...times(4, -1),
]);
const MATCH_LENGTHS = code(9, 3, [...times(32, 0), 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, ...ascending(7, 16)], 6, [
  1,
  4,
  3,
  ...times(6, 2),
  ...times(37, 1),
  ...times(7, -1),
]);
const OFFSETS = code(8, 1, ascending(0, 31), 5, [...times(6, 1), 2, 2, 2, ...times(15, 1), ...times(5, -1)]);
const CODES = [LITERAL_LENGTHS, OFFSETS, MATCH_LENGTHS] as const;

export type SequenceTables = readonly FseTable[];

/** What runs a sequence: `literals` bytes as they are, then `length` bytes from `offset` (a value, not a distance) back. */
export type RunSequence = (literals: number, offset: number, length: number) => void;

/** The sequences section of a block (RFC 8878, 3.1.1.3.2); gives the tables that a later block may use again. */
export function readSequences(
  section: Uint8Array,
  previous: SequenceTables | undefined,
  run: RunSequence,
): SequenceTables | undefined {
  const { count, used } = readCount(section);
  if (count === 0) {
    if (used !== section.length) throw broken('has bytes after a block without sequences');
    return previous;
  }
  const modes = section[used] ?? 1;
  if (modes & 3) throw broken('has an unknown kind of table');
  let at = used + 1;
  const tables = CODES.map((each, i) => {
    const read = readTable(section.subarray(at), (modes >> (6 - 2 * i)) & 3, each, previous?.[i]);
    at += read.used;
    return read.table;
  });
  decode(new BackwardBits(section.subarray(at)), tables, count, run);
  return tables;
}

function readCount(section: Uint8Array): { count: number; used: number } {
  const [a = 0, b = 0, c = 0] = section;
  const used = a < 128 ? 1 : a < 255 ? 2 : 3;
  if (used > section.length) throw broken('ends within a block');
  return { used, count: used === 1 ? a : used === 2 ? ((a - 128) << 8) + b : b + (c << 8) + 0x7f00 };
}

function readTable(
  bytes: Uint8Array,
  mode: number,
  { maxLog, bases, usual }: Code,
  previous: FseTable | undefined,
): { table: FseTable; used: number } {
  if (mode === 0) return { table: usual, used: 0 };
  if (mode === 2) return readFse(bytes, maxLog, bases.length - 1);
  if (mode === 3) {
    if (!previous) throw broken('uses a table of an earlier block that is not there');
    return { table: previous, used: 0 };
  }
  const symbol = bytes[0];
  if (symbol === undefined || symbol >= bases.length) throw broken('has a code that does not exist');
  return { table: singleSymbol(symbol), used: 1 };
}

function decode(stream: BackwardBits, tables: readonly FseTable[], count: number, run: RunSequence): void {
  const [literalTable, offsetTable, matchTable] = tables as [FseTable, FseTable, FseTable];
  let literalState = stream.read(literalTable.log);
  let offsetState = stream.read(offsetTable.log);
  let matchState = stream.read(matchTable.log);
  for (let i = 1; i <= count; i++) {
    const offset = valueOf(OFFSETS, offsetTable.symbols[offsetState]!, stream);
    const length = valueOf(MATCH_LENGTHS, matchTable.symbols[matchState]!, stream);
    run(valueOf(LITERAL_LENGTHS, literalTable.symbols[literalState]!, stream), offset, length);
    if (i === count) break;
    literalState = literalTable.bases[literalState]! + stream.read(literalTable.bits[literalState]!);
    matchState = matchTable.bases[matchState]! + stream.read(matchTable.bits[matchState]!);
    offsetState = offsetTable.bases[offsetState]! + stream.read(offsetTable.bits[offsetState]!);
    if (stream.left < 0) throw broken('ends within its sequences');
  }
  if (stream.left !== 0) throw broken('has sequences of another length than it claims');
}

function valueOf({ bases, extraBits }: Code, symbol: number, stream: BackwardBits): number {
  return bases[symbol]! + stream.read(extraBits[symbol]!);
}
