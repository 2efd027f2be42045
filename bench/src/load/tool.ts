import { spawn, spawnSync } from 'node:child_process';

/** The load generators, and the Debian packages that hold them. */
const PACKAGES = { wrk: 'wrk', h2load: 'nghttp2-client' } as const;

export type LoadTool = keyof typeof PACKAGES;

const isThere = (tool: string, flag: string): boolean =>
  spawnSync(tool, [flag], { stdio: 'ignore' }).error === undefined;

/** Why a load generator is not there; `undefined` when it is, if need be after installing it (Debian, as root). */
export function missingReason(tool: LoadTool): string | undefined {
  if (isThere(tool, '--version')) return undefined;
  if (process.getuid?.() !== 0)
    return `${tool} is not installed and this user cannot install it: apt-get install ${PACKAGES[tool]}`;
  if (!isThere('apt-get', '--version')) return `${tool} is not installed, and there is no apt-get here`;
  console.error(`bench: installing ${PACKAGES[tool]} for ${tool}`);
  spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
  spawnSync('apt-get', ['install', '-y', '-qq', PACKAGES[tool]], {
    stdio: 'ignore',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return isThere(tool, '--version')
    ? undefined
    : `${tool} is not installed, and apt-get install ${PACKAGES[tool]} failed`;
}

/** Runs a load generator to its end and gives what it printed. */
export function runTool(tool: LoadTool, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const killed = (): void => void child.kill('SIGKILL');
    process.once('exit', killed);
    let output = '';
    let complaint = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => {
      process.off('exit', killed);
      if (code === 0) resolve(output);
      else reject(new Error(`${tool} ${args.join(' ')} ended with ${code}: ${complaint || output}`));
    });
  });
}
