import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const STARTS_WITHIN_MS = 60_000;

/** A server of somebody else, running on a port of this machine with a folder of its own. */
export interface ServerProcess {
  readonly port: number;
  /** Its folder, gone after `close`. */
  readonly folder: string;
  close(): Promise<void>;
}

/** Starts `command` and waits until its port answers. */
export async function startServer(
  command: string,
  argumentsOf: (port: number, folder: string) => readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'witan-server-'));
  const port = await freePort();
  const child = spawn(command, argumentsOf(port, folder), { env: { ...process.env, ...env }, stdio: 'pipe' });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const close = async (): Promise<void> => {
    if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit');
    await rm(folder, { recursive: true, force: true });
  };
  for (const endAt = Date.now() + STARTS_WITHIN_MS; !(await answersOn(port)); await sleep(50)) {
    if (child.exitCode === null && Date.now() < endAt) continue;
    await close();
    throw new Error(`${command} did not start: ${said.slice(-2000)}`);
  }
  return { port, folder, close };
}

/** A port of this machine that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Whether something listens there. */
export function answersOn(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });
}
