const PRECISION = 11;
const REGISTERS = 1 << PRECISION;

/** The standard error of {@link HyperLogLog.count}, relative: 1.04 / sqrt(2048). */
export const DISTINCT_ERROR = 1.04 / Math.sqrt(REGISTERS);

/** Bias correction for many registers, as in the paper. */
const ALPHA = 0.7213 / (1 + 1.079 / REGISTERS);

/**
 * How many distinct texts there were, in 2 KiB, with a standard error of 2.3 %.
 *
 * Source: Flajolet, Fusy, Gandouet, Meunier: "HyperLogLog: the analysis of a near-optimal cardinality estimation
 * algorithm", 2007; linear counting for small counts as there. Its correction for counts near 2^32 is not needed: ranks
 * are taken of a hash of 64 bits.
 */
export class HyperLogLog {
  private readonly registers: Uint8Array;

  constructor(registers: Uint8Array = new Uint8Array(REGISTERS)) {
    this.registers = registers;
  }

  static of(state: string): HyperLogLog {
    const made = new HyperLogLog();
    made.registers.set(Buffer.from(state, 'base64').subarray(0, REGISTERS));
    return made;
  }

  add(text: string): void {
    // Two halves of 32 bits: the first names the register, the second gives the rank.
    let a = 0x9e3779b1;
    let b = 0x85ebca77;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      a = Math.imul(a ^ unit, 0x85ebca6b);
      b = Math.imul(b ^ unit, 0xc2b2ae35);
    }
    a = finish(a ^ (b >>> 15));
    b = finish(b ^ (a >>> 13));
    const register = a >>> (32 - PRECISION);
    const rank = b === 0 ? 33 + Math.clz32((a << PRECISION) | 1) : Math.clz32(b) + 1;
    if (rank > this.registers[register]!) this.registers[register] = rank;
  }

  merge(other: HyperLogLog): void {
    for (let i = 0; i < REGISTERS; i++) {
      if (other.registers[i]! > this.registers[i]!) this.registers[i] = other.registers[i]!;
    }
  }

  count(): number {
    let sum = 0;
    let empty = 0;
    for (let i = 0; i < REGISTERS; i++) {
      sum += 2 ** -this.registers[i]!;
      if (this.registers[i] === 0) empty++;
    }
    const estimate = (ALPHA * REGISTERS * REGISTERS) / sum;
    if (estimate <= 2.5 * REGISTERS && empty > 0) return Math.round(REGISTERS * Math.log(REGISTERS / empty));
    return Math.round(estimate);
  }

  toState(): string {
    return Buffer.from(this.registers).toString('base64');
  }
}

/** The finaliser of MurmurHash3 (Appleby, public domain): each bit of the input moves each bit of the output. */
function finish(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
