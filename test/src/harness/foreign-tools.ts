import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const CACHE = join(homedir(), '.cache', 'witan-test');
const GRPCURL = '1.9.3';
const PYTHON_PACKAGES = ['grpcio==1.85.1', 'grpcio-tools==1.85.1', 'pyarrow==26.0.1'];
const TRITON_CLIENT = ['tritonclient[http,grpc]==2.73.0'];
const KSERVE_CLIENT = ['kserve==0.21.0'];
const SCHEMATHESIS = ['schemathesis==4.32.5'];

/** A tool that is not part of npm: where it is, or why it is not there. */
export type Tool = { readonly path: string } | { readonly missing: string };

/** grpcurl, built by Go on first use. */
export function grpcurl(): Promise<Tool> {
  const folder = join(CACHE, `grpcurl-${GRPCURL}`);
  return onFirstUse(folder, join(folder, 'grpcurl'), async () => {
    const module = `github.com/fullstorydev/grpcurl/cmd/grpcurl@v${GRPCURL}`;
    await run('go', ['install', module], { cwd: folder, env: { ...process.env, GOBIN: folder, GOFLAGS: '' } });
  });
}

/** A Python with grpcio and pyarrow. */
export function python(): Promise<Tool> {
  return pythonWith(PYTHON_PACKAGES, 'python');
}

/** A Python with Triton's own client, for HTTP and gRPC. */
export function tritonClient(): Promise<Tool> {
  return pythonWith(TRITON_CLIENT, 'python');
}

/** A Python with KServe's own client. */
export function kserveClient(): Promise<Tool> {
  return pythonWith(KSERVE_CLIENT, 'python');
}

/** The command `schemathesis`, which calls a server with whatever its OpenAPI document allows, and more. */
export function schemathesis(): Promise<Tool> {
  return pythonWith(SCHEMATHESIS, 'schemathesis');
}

/** A program of a Python environment of its own that has these packages. */
function pythonWith(packages: readonly string[], program: string): Promise<Tool> {
  const folder = join(CACHE, `python-${packages.join('-').replace(/[^\w.-]+/g, '-')}`);
  return onFirstUse(folder, join(folder, 'bin', program), async () => {
    await run('python3', ['-m', 'venv', folder]);
    const pip = ['-m', 'pip', 'install', '--quiet', ...packages];
    await run(join(folder, 'bin', 'python'), pip, { maxBuffer: 1 << 26 });
  });
}

/** The folder of `prometheus` and `promtool`, out of the system's package: unpacked, not installed. */
export function prometheus(): Promise<Tool> {
  const folder = join(CACHE, 'prometheus-apt');
  return onFirstUse(folder, join(folder, 'usr', 'bin'), async () => {
    await run('apt-get', ['download', 'prometheus'], { cwd: folder });
    const file = readdirSync(folder).find((name) => name.endsWith('.deb'))!;
    await run('dpkg', ['-x', file, folder], { cwd: folder });
    rmSync(join(folder, file));
  });
}

/** curl, if the system has it. */
export async function curl(): Promise<Tool> {
  try {
    await run('curl', ['--version']);
    return { path: 'curl' };
  } catch (error) {
    return missing('curl', error);
  }
}

/** Builds a tool in its folder of the cache, unless it stands there whole. */
async function onFirstUse(folder: string, path: string, build: () => Promise<void>): Promise<Tool> {
  const done = join(folder, 'done');
  if (existsSync(done) && existsSync(path)) return { path };
  try {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    console.log(`building ${folder}`);
    await build();
    writeFileSync(done, '');
    return { path };
  } catch (error) {
    return missing(folder, error);
  }
}

function missing(what: string, error: unknown): Tool {
  const text = `${what}: ${String(error).split('\n')[0]}`;
  if (process.env['CI'] === 'true') throw new Error(text, { cause: error });
  console.log(`skipped: ${text}`);
  return { missing: text };
}
