import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client, credentials } from '@grpc/grpc-js';
import type { RpcOptions, RpcServerKind } from '@witan/core';
import { RawConnection, type RawOptions } from '@witan-libs/testing';

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));
export const ECHO = '/attack.Target/Echo';
export const HOLD = '/attack.Target/Hold';
export const STREAM = '/attack.Target/Stream';
/** Never reads. */
export const IDLE = '/attack.Target/Idle';
export const POUR = '/attack.Target/Pour';

/** What the server's process holds, right after a collection of its garbage. */
export interface Usage {
  /** Calls that reached a method, ever. */
  readonly started: number;
  /** Of these, not over. */
  readonly open: number;
  /** Heap and buffers. */
  readonly bytes: number;
  readonly rss: number;
  readonly cpuMs: number;
}

const same = (bytes: Buffer): Buffer => bytes;

/** A server in a process of its own, and a neighbour on a connection of its own who must not notice an attack. */
export class Victim {
  private readonly opened: RawConnection[] = [];

  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
    private readonly neighbour: Client,
  ) {}

  static async start(
    kind: RpcServerKind,
    options: RpcOptions & { tls?: { key: string; cert: string; ca: string } } = {},
  ): Promise<Victim> {
    const child = spawn(process.execPath, ['--expose-gc', MAIN, kind, JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await Promise.race([
      once(createInterface(child.stdout!), 'line'),
      once(child, 'exit').then(() => Promise.reject(new Error('the server under attack did not start'))),
    ])) as [string];
    const { port } = JSON.parse(line) as { port: number };
    const channel = options.tls ? credentials.createSsl(Buffer.from(options.tls.ca)) : credentials.createInsecure();
    const victim = new Victim(child, port, new Client(`127.0.0.1:${port}`, channel));
    await victim.greet();
    return victim;
  }

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async connect(options?: RawOptions): Promise<RawConnection> {
    const connection = await RawConnection.open({ host: '127.0.0.1', port: this.port }, options);
    this.opened.push(connection);
    return connection;
  }

  /** The neighbour's call. @throws {Error} when it is not answered, or not with what it sent */
  async greet(): Promise<void> {
    const answer = await this.ask('/attack.Watch/Echo', 'neighbour');
    if (answer !== 'neighbour') throw new Error(`the neighbour was answered ${answer}`);
  }

  private ask(path: string, text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + 20_000;
      this.neighbour.makeUnaryRequest(path, same, same, Buffer.from(text), { deadline }, (error, bytes) => {
        if (error) reject(error);
        else resolve(String(bytes));
      });
    });
  }

  async usage(): Promise<Usage> {
    return JSON.parse(await this.ask('/attack.Watch/Usage', '')) as Usage;
  }

  /** Waits until no call is open; each look is a call of the neighbour. */
  async idle(): Promise<Usage> {
    for (;;) {
      const usage = await this.usage();
      if (usage.open === 0) return usage;
    }
  }

  /** Ends the attackers' connections. */
  hangUp(): void {
    for (const connection of this.opened.splice(0)) connection.destroy();
  }

  async stop(): Promise<void> {
    this.hangUp();
    this.neighbour.close();
    if (!this.isAlive) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }
}

/** How a flood came out: the connection ended, the server read no further, or it took everything. */
export type Outcome = 'ended' | 'held back' | 'taken';

/** So many answers the neighbour gets without any byte of the flood being taken, before it counts as held back. */
const PATIENCE = 40;

/** Sends chunk after chunk as fast as they are taken; time is measured in answers that the neighbour gets. */
export async function flood(
  victim: Victim,
  connection: RawConnection,
  chunks: number,
  chunk: (index: number) => Uint8Array,
): Promise<{ outcome: Outcome; sentChunks: number }> {
  for (let sent = 0; sent < chunks; sent++) {
    if (connection.isClosed) return { outcome: 'ended', sentChunks: sent };
    let isTaken = false;
    const taken = connection.sent(chunk(sent)).then(() => (isTaken = true));
    for (let asked = 0; !isTaken; asked++) {
      if (asked === PATIENCE) return { outcome: 'held back', sentChunks: sent };
      await Promise.race([taken, victim.greet()]);
    }
  }
  // What is on its way, and what a deaf client did not read, may still end the connection.
  connection.socket.resume();
  for (let asked = 0; asked < PATIENCE && !connection.isClosed; asked++) await victim.greet();
  return { outcome: connection.isClosed ? 'ended' : 'taken', sentChunks: chunks };
}
