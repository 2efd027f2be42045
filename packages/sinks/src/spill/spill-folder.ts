import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Segment } from './segments.js';

const FILE = /^(\d{8})-(\d{3})-(\d{8})\.wlr$/;

/** What is in a spill folder: files `<run>-<writer>-<sequence>.wlr`, so that their names' order is that of their records. */
export interface SpillFolder {
  /** Of this process: one more than the last one that left something. */
  readonly run: number;
  /** What earlier processes left, oldest first. */
  readonly left: readonly Segment[];
}

export async function readSpillFolder(folder: string): Promise<SpillFolder> {
  await mkdir(folder, { recursive: true });
  const names = (await readdir(folder)).filter((name) => FILE.test(name)).sort();
  const left: Segment[] = [];
  for (const name of names) {
    const file = join(folder, name);
    left.push({ file, size: (await stat(file)).size, sealed: true, adopted: true });
  }
  const last = names.at(-1);
  return { run: last ? Number(FILE.exec(last)![1]) + 1 : 1, left };
}

export function spillFile(folder: string, run: number, writer: number, sequence: number): string {
  const padded = (value: number, digits: number): string => String(value).padStart(digits, '0');
  return join(folder, `${padded(run, 8)}-${padded(writer, 3)}-${padded(sequence, 8)}.wlr`);
}
