import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);
const FIXTURES = new URL('../../../../../libs/testing/fixtures/', import.meta.url);
const PACKAGES = ['numpy==2.4.6', 'scipy==1.17.1', 'statsmodels==0.15.0'];
const VENV = join(homedir(), '.cache', 'witan-test', `python-${PACKAGES.join('-').replace(/[^\w.-]+/g, '-')}`);

/** A Python with scipy and statsmodels, made on first use; `undefined` where this machine cannot have it. */
async function python(): Promise<string | undefined> {
  const program = join(VENV, 'bin', 'python');
  const done = join(VENV, 'done');
  if (existsSync(done)) return program;
  try {
    rmSync(VENV, { recursive: true, force: true });
    mkdirSync(VENV, { recursive: true });
    await run('python3', ['-m', 'venv', VENV]);
    await run(program, ['-m', 'pip', 'install', '--quiet', ...PACKAGES], { maxBuffer: 1 << 26 });
    writeFileSync(done, '');
    return program;
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    console.log(`skipped: scipy and statsmodels: ${String(error).split('\n')[0]}`);
    return undefined;
  }
}

/** Every number of the file, with its place. */
function numbersOf(value: unknown, place = ''): [string, number][] {
  if (typeof value === 'number') return [[place, value]];
  return Object.entries(value as object).flatMap(([key, each]) => numbersOf(each, `${place}.${key}`));
}

describe('the numbers that statistics are tested against', () => {
  it('are those of scipy and statsmodels', { timeout: 300_000 }, async ({ skip }) => {
    const program = await python();
    if (!program) return skip();
    const { stdout } = await run(program, [fileURLToPath(new URL('make_statistics.py', FIXTURES))]);
    const made = new Map(numbersOf(JSON.parse(stdout)));
    const kept = numbersOf(JSON.parse(readFileSync(new URL('data/statistics.json', FIXTURES), 'utf8')));
    expect(kept.length).toBe(made.size);
    // Another processor may round the last digits otherwise.
    for (const [place, value] of kept)
      expect(Math.abs(made.get(place)! - value), place).toBeLessThanOrEqual(1e-9 * Math.abs(value) + 1e-12);
  });
});
