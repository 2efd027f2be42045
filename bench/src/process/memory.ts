import { readFileSync } from 'node:fs';

/** Memory of one process, in MB (10^6 bytes). */
export interface Memory {
  /** Resident pages, shared ones included. */
  readonly rssMb: number;
  /** Resident pages, each shared one divided by the number of processes that share it. */
  readonly pssMb: number;
  /** The part of `pssMb` that no file backs: heaps, stacks, buffers. */
  readonly anonymousMb: number;
}

const BYTES_PER_KB = 1024;

export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  const read = (name: string): number => {
    const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
    return kilobytes === undefined ? NaN : (Number(kilobytes) * BYTES_PER_KB) / 1e6;
  };
  return { rssMb: read('Rss'), pssMb: read('Pss'), anonymousMb: read('Pss_Anon') };
}
