import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The repository's root; this file is compiled to bench/dist. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The models and requests that lie in the repository. */
export const WORKLOADS_FOLDER = fileURLToPath(new URL('../workloads/', import.meta.url));

export const W1_FOLDER = fileURLToPath(new URL('../workloads/w1/', import.meta.url));

/** What the benchmarks make and keep: git-ignored. */
export const DATA_FOLDER = fileURLToPath(new URL('../.data/', import.meta.url));

/** A compiled file of the benchmarks, by its path in src without its ending. */
export function compiled(name: string): string {
  return fileURLToPath(new URL(`${name}.js`, import.meta.url));
}

/** A path in the folder of generated files, which is made if need be. */
export function dataFile(name: string): string {
  mkdirSync(DATA_FOLDER, { recursive: true });
  return `${DATA_FOLDER}${name}`;
}
