// Compiles the benchmarks (the packages are built by then) and runs them; the options are in README.md.
import { spawnSync } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const compiler = resolve(here, '../node_modules/typescript/bin/tsc');
const { status } = spawnSync(process.execPath, [compiler, '-b', here], { stdio: ['ignore', 2, 2] });
if (status !== 0) process.exit(status ?? 1);
await import('./dist/main.js');
