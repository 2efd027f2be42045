import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A tool that is not part of the repository's packages: where it is, or why it is not there. */
export type ForeignTool = { readonly path: string } | { readonly missing: string };

/** A program of Go, built on first use into the user's cache. */
export function goTool(name: string, version: string, module: string): Promise<ForeignTool> {
  return onFirstUse(`${name}-${version}`, basename(module), async (folder) => {
    const env = { ...process.env, GOBIN: folder, GOFLAGS: '' };
    await run('go', ['install', `${module}@v${version}`], { cwd: folder, env, maxBuffer: 1 << 26 });
  });
}

/** A package of npm with what it needs, installed on first use into the user's cache; the path is its folder. */
export function npmTool(name: string, version: string): Promise<ForeignTool> {
  return onFirstUse(`${name}-${version}`, join('node_modules', name), async (folder) => {
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    const options = ['install', '--no-audit', '--no-fund', '--ignore-scripts', `${name}@${version}`];
    await run('npm', options, { cwd: folder, maxBuffer: 1 << 26 });
  });
}

/** Builds a tool in its folder of the cache, unless it stands there whole. */
async function onFirstUse(name: string, file: string, build: (folder: string) => Promise<void>): Promise<ForeignTool> {
  const folder = join(homedir(), '.cache', 'witan-test', name);
  const path = join(folder, file);
  const done = join(folder, 'done');
  if (existsSync(done) && existsSync(path)) return { path };
  try {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    console.log(`building ${folder}`);
    await build(folder);
    writeFileSync(done, '');
    return { path };
  } catch (error) {
    return missing(name, error);
  }
}

/** A machine that cannot get a tool says so and goes on; the continuous integration must have it. */
function missing(what: string, error: unknown): ForeignTool {
  const text = `${what}: ${String(error).split('\n')[0]}`;
  if (process.env['CI'] === 'true') throw new Error(text, { cause: error });
  console.log(`skipped: ${text}`);
  return { missing: text };
}
