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
  /** Gives once it has written a line that holds `text`. */
  said(text: string, times?: number): Promise<void>;
  readonly pid: number;
  signal(signal: NodeJS.Signals): void;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  /** Sends SIGTERM and gives the exit code, or the signal that ended it. */
  stop(): Promise<number | NodeJS.Signals | null>;
}

/**
 * The environment of processes under test: without the condition by which specs load single modules, so that what runs
 * is what ships.
 */
export const SHIPPED: NodeJS.ProcessEnv = { ...process.env, NODE_OPTIONS: '' };

/** Starts `apps/<name>`. */
export function startApp(name: string, env: NodeJS.ProcessEnv = {}): Promise<AppProcess> {
  return startProcess([join(ROOT, 'apps', name, 'dist', 'main.js')], { ...env, HTTP_PORT: '0', GRPC_PORT: '0' });
}

/** The banner's last line, where there is a service. */
const LAST_LINE = 'grpcurl ';

/** Starts `node ...args`, and waits for the banner of Witan: for the line that begins with `lastLine`. */
export async function startProcess(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  cwd = ROOT,
  lastLine = LAST_LINE,
): Promise<AppProcess> {
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...SHIPPED, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const killed = (): void => void child.kill('SIGKILL');
  process.once('exit', killed);
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('close', (code, signal) => {
      process.off('exit', killed);
      resolve(code ?? signal);
    });
  });
  const output = { text: '' };
  await bannerOf(child, output, ended, lastLine);
  return {
    get url() {
      return `http://127.0.0.1:${fromBanner(output.text, /^ *HTTP +\S*:(\d+)$/m)}`;
    },
    get grpcAddress() {
      return `127.0.0.1:${fromBanner(output.text, /^ *gRPC +\S*:(\d+)$/m)}`;
    },
    get grpcService() {
      return fromBanner(output.text, /^ *grpcurl .* (\S+)\/Predict$/m);
    },
    bannerLine: (start) =>
      output.text
        .split('\n')
        .map((line) => line.trim())
        .find((line) => line.startsWith(start)) ?? '',
    output: () => output.text,
    said: (text, times = 1) => saidBy(child, output, text, times),
    pid: child.pid!,
    signal: (signal) => void child.kill(signal),
    ended,
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** Starts `node ...args` that is not expected to serve, and gives how it ended. */
export async function runToEnd(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...SHIPPED, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}

function saidBy(child: ChildProcess, output: { text: string }, text: string, times: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (output.text.split(text).length - 1 < times) return;
      child.stdout!.off('data', look);
      child.stderr!.off('data', look);
      resolve();
    };
    child.stdout!.on('data', look);
    child.stderr!.on('data', look);
    child.once('close', () => reject(new Error(`the process ended without saying '${text}':\n${output.text}`)));
    look();
  });
}

function bannerOf(
  child: ChildProcess,
  output: { text: string },
  ended: Promise<unknown>,
  lastLine: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      output.text += chunk.toString();
      const at = output.text.search(new RegExp(`^ +${lastLine}`, 'm'));
      if (at >= 0 && output.text.includes('\n', at)) resolve();
    };
    child.stdout!.on('data', hear);
    child.stderr!.on('data', hear);
    child.once('error', reject);
    void ended.then((how) =>
      reject(new Error(`the application ended with ${String(how)} before its banner:\n${output.text}`)),
    );
  });
}

function fromBanner(text: string, pattern: RegExp): string {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`the banner has no line like ${pattern}:\n${text}`);
  return found;
}
