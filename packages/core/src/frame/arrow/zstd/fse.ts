import { broken, ForwardBits, highestBit } from './bits.js';

/** The decoding table of a finite state entropy code: for each state its symbol, and how the next state is found. */
export interface FseTable {
  readonly log: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
  readonly bases: Uint16Array;
}

/** The table of a code of one symbol: no bits at all. */
export function singleSymbol(symbol: number): FseTable {
  return { log: 0, symbols: Uint8Array.of(symbol), bits: new Uint8Array(1), bases: new Uint16Array(1) };
}

/** A table from its description (RFC 8878, 4.1.1); `used` is how many bytes that took. */
export function readFse(bytes: Uint8Array, maxLog: number, maxSymbol: number): { table: FseTable; used: number } {
  const reader = new ForwardBits(bytes);
  const log = reader.read(4) + 5;
  if (log > maxLog) throw broken('has a table that is too large');
  const counts: number[] = [];
  let remaining = 1 << log;
  while (remaining > 0) {
    const count = readCount(reader, remaining);
    remaining -= Math.abs(count);
    counts.push(count);
    if (count === 0) for (let more = 3; more === 3;) for (let i = (more = reader.read(2)); i > 0; i--) counts.push(0);
    if (remaining < 0 || counts.length > maxSymbol + 1) throw broken('has a table of impossible counts');
  }
  return { table: buildFse(counts, log), used: (reader.bit + 7) >> 3 };
}

/** One count: of those that can still be, the smaller ones take one bit less. -1 stands for less than one. */
function readCount(reader: ForwardBits, remaining: number): number {
  const bits = highestBit(remaining + 1) + 1;
  const low = (1 << (bits - 1)) - 1;
  const short = (1 << bits) - 1 - (remaining + 1);
  const value = reader.read(bits);
  if ((value & low) < short) {
    reader.bit--;
    return (value & low) - 1;
  }
  return (value > low ? value - short : value) - 1;
}

/** Spreads the symbols over the states; the counts sum up to `2 ** log`, with 1 for each -1. */
export function buildFse(counts: readonly number[], log: number): FseTable {
  const size = 1 << log;
  const symbols = new Uint8Array(size);
  const next = new Uint16Array(counts.length);
  let high = size;
  counts.forEach((count, symbol) => {
    next[symbol] = Math.abs(count);
    if (count === -1) symbols[--high] = symbol;
  });
  const step = (size >> 1) + (size >> 3) + 3;
  let state = 0;
  counts.forEach((count, symbol) => {
    for (let i = 0; i < count; i++) {
      symbols[state] = symbol;
      // The step has no divisor in common with the size: every state is reached, those below `high` too.
      do state = (state + step) & (size - 1);
      while (state >= high);
    }
  });
  const bits = new Uint8Array(size);
  const bases = new Uint16Array(size);
  for (let i = 0; i < size; i++) {
    const count = next[symbols[i]!]!;
    next[symbols[i]!] = count + 1;
    bits[i] = log - highestBit(count);
    bases[i] = (count << bits[i]!) - size;
  }
  return { log, symbols, bits, bases };
}
