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
  return toolOnFirstUse(`${name}-${version}`, basename(module), async (folder) => {
    const env = { ...process.env, GOBIN: folder, GOFLAGS: '' };
    await run('go', ['install', `${module}@v${version}`], { cwd: folder, env, maxBuffer: 1 << 26 });
  });
}

/** A package of npm with what it needs, installed on first use into the user's cache; the path is its folder. */
export function npmTool(name: string, version: string): Promise<ForeignTool> {
  return toolOnFirstUse(`${name}-${version}`, join('node_modules', name), async (folder) => {
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    const options = ['install', '--no-audit', '--no-fund', '--ignore-scripts', `${name}@${version}`];
    await run('npm', options, { cwd: folder, maxBuffer: 1 << 26 });
  });
}

/** Java artifacts (`group:name:version`) with what they need, fetched by Maven on first use; the path is the folder of their jars. */
export function mavenTool(name: string, version: string, artifacts: readonly string[]): Promise<ForeignTool> {
  return toolOnFirstUse(`${name}-${version}`, 'jars', async (folder) => {
    const dependencies = artifacts.map((artifact) => {
      const [group, id, number] = artifact.split(':');
      return `<dependency><groupId>${group}</groupId><artifactId>${id}</artifactId><version>${number}</version></dependency>`;
    });
    const own = '<groupId>test</groupId><artifactId>test</artifactId><version>1</version>';
    const project = `<modelVersion>4.0.0</modelVersion>${own}<dependencies>${dependencies.join('')}</dependencies>`;
    writeFileSync(join(folder, 'pom.xml'), `<project>${project}</project>`);
    const options = ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${join(folder, 'jars')}`];
    await run('mvn', options, { cwd: folder, maxBuffer: 1 << 26 });
  });
}

/** A command that the system has, or has not. */
export async function systemTool(command: string, args: readonly string[]): Promise<ForeignTool> {
  try {
    await run(command, [...args]);
    return { path: command };
  } catch (error) {
    return missing(command, error);
  }
}

/** Builds a tool in its folder of the cache, unless it stands there whole; `file` is its path in there. */
export async function toolOnFirstUse(
  name: string,
  file: string,
  build: (folder: string) => Promise<void>,
): Promise<ForeignTool> {
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
