import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { ROOT } from '../paths.js';

const POLL_MS = 2;
const LIMIT_MS = 120_000;

/** A process to start: Node's arguments, and its environment beside ours. */
export interface Command {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

function start({ args, env }: Command): ChildProcess {
  return spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, NODE_ENV: 'production', ORT_DISABLE_TELEMETRY: '1', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Milliseconds until a process has written its first line; waits for its end. */
export async function untilFirstLine(command: Command): Promise<number> {
  const begin = performance.now();
  const child = start(command);
  const exited = once(child, 'exit');
  await Promise.race([
    once(child.stdout!, 'data'),
    exited.then(([code]) => Promise.reject(new Error(`${command.args.join(' ')}: exit code ${code}`))),
  ]);
  const took = performance.now() - begin;
  await exited;
  return took;
}

/** Milliseconds until a server gives its first answer with status 200; stops the server. */
export async function untilFirstAnswer(command: Command, port: number, path: string, body: string): Promise<number> {
  const begin = performance.now();
  const child = start(command);
  child.stdout!.resume();
  const exited = once(child, 'exit');
  try {
    while ((await statusOf(port, path, body)) !== 200) {
      if (child.exitCode !== null)
        throw new Error(`${command.args.join(' ')} ended with ${child.exitCode} before it answered`);
      if (performance.now() - begin > LIMIT_MS)
        throw new Error(`${command.args.join(' ')} did not answer within ${LIMIT_MS} ms`);
      await pause(POLL_MS);
    }
    return performance.now() - begin;
  } finally {
    child.kill('SIGTERM');
    if (child.exitCode === null) await exited;
  }
}

function statusOf(port: number, path: string, body: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request({ host: '127.0.0.1', port, path, method: 'POST', headers, agent: false }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode));
    });
    sent.once('error', () => resolve(undefined));
    sent.end(body);
  });
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
