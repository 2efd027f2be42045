import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type ForeignTool, toolOnFirstUse } from '@witan-libs/testing';
import { ROOT } from '../../harness/repository.js';

const run = promisify(execFile);
const SOURCE = join(ROOT, 'test', 'clients', 'tonic');
const PROTO_FOLDER = join(ROOT, 'apps', 'iris');
const PARTS = ['Cargo.toml', 'Cargo.lock', 'build.rs', 'src/main.rs'].map((file) => join(SOURCE, file));

/** The client that tonic generates from the .proto of apps/iris, built by cargo when any of it is new. */
export function tonicClient(): Promise<ForeignTool> {
  const hash = createHash('sha256');
  for (const file of [...PARTS, join(PROTO_FOLDER, 'witan.lock.proto')]) hash.update(readFileSync(file));
  return toolOnFirstUse(`tonic-client-${hash.digest('hex').slice(0, 12)}`, 'tonic-client', async (folder) => {
    const target = join(folder, 'target');
    const env = { ...process.env, IRIS_PROTO_FOLDER: PROTO_FOLDER };
    const args = ['build', '--locked', '--quiet', '--target-dir', target];
    await run('cargo', args, { cwd: SOURCE, env, maxBuffer: 1 << 26 });
    copyFileSync(join(target, 'debug', 'tonic-client'), join(folder, 'tonic-client'));
    // Hundreds of megabytes, needed no more.
    rmSync(target, { recursive: true });
  });
}

export interface TonicReport {
  readonly predictions: readonly number[];
  /** Case -> `ok`, or what went wrong. */
  readonly cases: Readonly<Record<string, string>>;
}

/** Runs every case of it against a server; `rows` go to the model. */
export async function runTonicClient(
  path: string,
  address: string,
  rows: readonly (readonly number[])[],
): Promise<TonicReport> {
  const child = spawn(path, [address], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(rows));
  let text = '';
  for await (const chunk of child.stdout) text += String(chunk);
  return JSON.parse(text) as TonicReport;
}
