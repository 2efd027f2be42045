import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './repository.js';

/** An application that runs as a process of its own, on ports that the system chose. */
export interface AppProcess {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** `127.0.0.1:PORT`. */
  readonly grpcAddress: string;
  /** The first gRPC service with its package: `iris.v1.IrisService`. */
  readonly grpcService: string;
  /** The line of the start-up banner that begins so, without its indentation. */
  bannerLine(start: string): string;
  /** Everything that it wrote so far. */
  output(): string;
  /** Sends SIGTERM and gives the exit code, or the signal that ended it. */
  stop(): Promise<number | NodeJS.Signals | null>;
}

/** Starts `apps/<name>`. */
export function startApp(name: string, env: NodeJS.ProcessEnv = {}): Promise<AppProcess> {
  return startProcess([join(ROOT, 'apps', name, 'dist', 'main.js')], { ...env, HTTP_PORT: '0', GRPC_PORT: '0' });
}

/** Starts `node ...args`, and waits for the banner of Witan. */
export async function startProcess(args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = ROOT): Promise<AppProcess> {
  const child = spawn(process.execPath, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const killed = (): void => void child.kill('SIGKILL');
  process.once('exit', killed);
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('close', (code, signal) => {
      process.off('exit', killed);
      resolve(code ?? signal);
    });
  });
  const output = { text: '' };
  await bannerOf(child, output, ended);
  return {
    url: `http://127.0.0.1:${fromBanner(output.text, /^ *HTTP +\S*:(\d+)$/m)}`,
    grpcAddress: `127.0.0.1:${fromBanner(output.text, /^ *gRPC +\S*:(\d+)$/m)}`,
    grpcService: fromBanner(output.text, /^ *grpcurl .* (\S+)\/Predict$/m),
    bannerLine: (start) => output.text.split('\n').map((line) => line.trim()).find((line) => line.startsWith(start)) ?? '',
    output: () => output.text,
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

function bannerOf(child: ChildProcess, output: { text: string }, ended: Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      output.text += chunk.toString();
      // The banner's last line.
      if (/^ +grpcurl .*\n/m.test(output.text)) resolve();
    };
    child.stdout!.on('data', hear);
    child.stderr!.on('data', hear);
    child.once('error', reject);
    void ended.then((how) => reject(new Error(`the application ended with ${String(how)} before its banner:\n${output.text}`)));
  });
}

function fromBanner(text: string, pattern: RegExp): string {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`the banner has no line like ${pattern}:\n${text}`);
  return found;
}
