import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type AppProcess, startProcess } from '../harness/app-process.js';

const APP = fileURLToPath(new URL('./app/main.js', import.meta.url));
const STORE = fileURLToPath(new URL('./app/store.js', import.meta.url));
/** The single modules that this test was built with, whatever bundles lie there. */
const MODULES = { NODE_OPTIONS: '--conditions=witan-modules' };

/** One record as the store has it. */
export interface Stored {
  readonly id: string;
  readonly client: string;
  readonly number: number;
  readonly twice: number;
}

/** A server with a lossless sink, and the store that it delivers to; both can be killed and started again. */
export class Stage {
  server: AppProcess | undefined;
  store: AppProcess | undefined;
  private httpPort = 0;
  private storePort = 0;

  private constructor(
    readonly folder: string,
    private readonly options: object,
  ) {}

  static async set(options: object = {}): Promise<Stage> {
    const stage = new Stage(await mkdtemp(join(tmpdir(), 'witan-sinks-')), options);
    stage.httpPort = await freePort();
    stage.storePort = await freePort();
    return stage;
  }

  get spill(): string {
    return join(this.folder, 'spill');
  }

  async startServer(): Promise<void> {
    this.server = await startProcess([APP], this.environment);
  }

  /** A server that is killed after so many milliseconds, however far it has come. */
  async startAndKill(ms: number): Promise<void> {
    const child = spawn(process.execPath, [APP], { env: { ...process.env, ...this.environment }, stdio: 'ignore' });
    await delay(ms);
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await new Promise((ended) => child.once('exit', ended));
  }

  private get environment(): NodeJS.ProcessEnv {
    const sink = JSON.stringify({ folder: this.spill, ...this.options });
    return { ...MODULES, HTTP: String(this.httpPort), STORE: String(this.storePort), SINK: sink };
  }

  async startStore(): Promise<void> {
    this.store = await startProcess(
      [STORE, join(this.folder, 'stored'), String(this.storePort)],
      {},
      undefined,
      'store',
    );
  }

  /** Gives whether it was answered, and how. `undefined`: the connection broke. */
  async ask(client: string, number: number): Promise<number | undefined> {
    try {
      const answer = await fetch(`http://127.0.0.1:${this.httpPort}/work`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-request-id': `${client}-${number}` },
        body: JSON.stringify([{ client, number }]),
        signal: AbortSignal.timeout(10_000),
      });
      await answer.arrayBuffer();
      return answer.status;
    } catch {
      return undefined;
    }
  }

  /** Every whole line; one that the store was killed over was never answered for. */
  async stored(): Promise<Stored[]> {
    const text = await readFile(join(this.folder, 'stored'), 'utf8');
    const lines = [...text.matchAll(/^([0-9a-f-]{36}) (\w+) (\d+) (\d+)$/gm)];
    return lines.map(([, id, client, number, twice]) => ({
      id: id!,
      client: client!,
      number: Number(number),
      twice: Number(twice),
    }));
  }

  /** Files of records that were not delivered. */
  async spilled(): Promise<string[]> {
    return (await readdir(this.spill)).filter((name) => name.endsWith('.wlr'));
  }

  /** Lets the server deliver what is left, and end. */
  async settle(): Promise<void> {
    for (let round = 0; round < 5; round++) {
      const code = await this.server!.stop();
      if (code === 0 && (await this.spilled()).length === 0) return;
      await this.startServer();
      await delay(200);
    }
    throw new Error(`records are left: ${(await this.spilled()).join(', ')}\n${this.server?.output()}`);
  }

  async clear(): Promise<void> {
    for (const each of [this.server, this.store]) each?.signal('SIGKILL');
    await Promise.all([this.server?.ended, this.store?.ended]);
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
