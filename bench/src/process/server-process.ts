import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { compiled, ROOT } from '../paths.js';
import type { Answered, LoopDelay, Ports, Question } from './control.js';
import { type Memory, memoryOf } from './memory.js';
import { cpuSecondsOfTree } from './proc-stat.js';

/** How a server process is started. */
export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeArgs?: readonly string[];
  /** Where its stderr goes, for servers that are made to complain. @default this process's own */
  readonly logFile?: string;
  /** How long it may take to listen, in milliseconds. @default 300_000 */
  readonly timeoutMs?: number;
}

const DEFAULT_START_MS = 300_000;
const STOP_MS = 15_000;

/** A process that runs one compiled file of the benchmarks, which calls `announce` once it listens. */
export class ServerProcess {
  private readonly exited: Promise<unknown>;
  private readonly killed = (): void => void this.child.kill('SIGKILL');

  private constructor(
    readonly name: string,
    private readonly child: ChildProcess,
    readonly ports: Ports,
  ) {
    this.exited = once(child, 'exit');
    process.once('exit', this.killed);
  }

  static async start(
    name: string,
    { env, nodeArgs = [], logFile, timeoutMs = DEFAULT_START_MS }: StartOptions = {},
  ): Promise<ServerProcess> {
    const child = spawn(process.execPath, [...nodeArgs, compiled(name)], {
      cwd: ROOT,
      env: { ...process.env, NODE_ENV: 'production', ORT_DISABLE_TELEMETRY: '1', ...env },
      stdio: ['ignore', 'ignore', logFile === undefined ? 'inherit' : openSync(logFile, 'w'), 'ipc'],
    });
    return new ServerProcess(name, child, await portsOf(child, name, timeoutMs));
  }

  get pid(): number {
    return this.child.pid!;
  }

  httpUrl(path: string): string {
    return `http://127.0.0.1:${this.ports.http}/${path}`;
  }

  grpcUrl(method: string): string {
    return `http://127.0.0.1:${this.ports.grpc}/${method}`;
  }

  cpuSeconds(): number {
    return cpuSecondsOfTree(this.pid);
  }

  memory(): Memory {
    return memoryOf(this.pid);
  }

  async ask(question: Question): Promise<unknown> {
    const answered = new Promise<unknown>((resolve) => {
      const hear = (message: Answered): void => {
        if (message.question !== question) return;
        this.child.off('message', hear);
        resolve(message.value);
      };
      this.child.on('message', hear);
    });
    this.child.send(question);
    return answered;
  }

  async loopDelay(): Promise<LoopDelay> {
    return (await this.ask('loop-delay:read')) as LoopDelay;
  }

  /** SIGTERM, and SIGKILL when it does not end in time; only ever this process, by its id. */
  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGTERM');
      const force = setTimeout(this.killed, STOP_MS);
      await this.exited;
      clearTimeout(force);
    }
    process.off('exit', this.killed);
  }
}

function portsOf(child: ChildProcess, name: string, timeoutMs: number): Promise<Ports> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${name} did not listen within ${timeoutMs} ms`));
    }, timeoutMs);
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      reject(new Error(`${name} ended with ${code ?? signal} before it listened`));
    });
    child.once('message', (message: { ports: Ports }) => {
      clearTimeout(timer);
      resolve(message.ports);
    });
  });
}
