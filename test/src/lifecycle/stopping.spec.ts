import http from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startProcess } from '../harness/app-process.js';
import { ROOT } from '../harness/repository.js';

const APP = join(ROOT, 'test', 'dist', 'lifecycle', 'app', 'main.js');

function start(options: object) {
  return startProcess([APP], { LISTEN: JSON.stringify(options) });
}

async function wait(url: string, ms: number): Promise<{ status: number; pid: number }> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/wait`, { method: 'POST', headers, body: JSON.stringify([{ ms }]) });
  const body = (await response.json()) as { records: { pid: number }[] };
  return { status: response.status, pid: body.records[0]!.pid };
}

/** Posts on one kept connection until an error, and gives its code: a new connection is refused once the server stops. */
async function untilRefused(url: string): Promise<string | undefined> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const once = (): Promise<string | undefined> =>
    new Promise((resolve) => {
      const headers = { 'content-type': 'application/json' };
      const request = http.request(`${url}/wait`, { method: 'POST', agent, headers }, (response) => {
        response.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
        response.on('end', () => resolve(response.statusCode === 200 ? undefined : `status ${response.statusCode}`));
        response.resume();
      });
      request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
      request.end('[{"ms":1}]');
    });
  let failure: string | undefined;
  while (failure === undefined) failure = await once();
  agent.destroy();
  return failure;
}

describe('stopping', () => {
  it('finishes what is under way, then ends with 0', async () => {
    const app = await start({});
    const under = wait(app.url, 300);
    await app.said('waiting 300');
    const code = app.stop();
    expect((await under).status).toBe(200);
    expect(await code).toBe(0);
  });

  it('cuts off no caller who sends one request after the other on a kept connection', async () => {
    const app = await start({});
    const callers = Array.from({ length: 8 }, () => untilRefused(app.url));
    await app.said('waiting 1', 200);
    expect(await app.stop()).toBe(0);
    expect(await Promise.all(callers)).toEqual(callers.map(() => 'ECONNREFUSED'));
  });

  it('past its bound says so, cuts off what is left, and does not end with 0', async () => {
    const app = await start({ shutdown: { timeoutMs: 100 } });
    const cut = wait(app.url, 60_000).catch(() => 'cut off');
    await app.said('waiting 60000');
    expect(await app.stop()).toBe(1);
    expect(app.output()).toContain('requests still under way after 100 ms');
    expect(await cut).toBe('cut off');
  });

  it('turns readiness off first, and goes on answering for delayMs', async () => {
    const app = await start({ shutdown: { delayMs: 1000 } });
    expect((await fetch(`${app.url}/health/ready`)).status).toBe(200);
    const code = app.stop();
    let status = 200;
    while (status === 200) status = (await fetch(`${app.url}/health/ready`)).status;
    expect(status).toBe(503);
    expect((await wait(app.url, 0)).status).toBe(200);
    expect(await code).toBe(0);
  });
});

describe('several processes', () => {
  /** The process that answers on a new connection; `undefined` for one that was handed to a process as it was killed. */
  function pid(url: string): Promise<number | undefined> {
    return new Promise((resolve) => {
      const headers = { 'content-type': 'application/json' };
      const request = http.request(`${url}/wait`, { method: 'POST', agent: false, headers }, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => resolve((JSON.parse(body) as { records: { pid: number }[] }).records[0]!.pid));
      });
      request.setTimeout(2000, () => request.destroy());
      request.on('error', () => resolve(undefined));
      request.end('[{"ms":0}]');
    });
  }

  async function pids(url: string, enough: (seen: Set<number>) => boolean): Promise<Set<number>> {
    const seen = new Set<number>();
    while (!enough(seen)) {
      const answered = await pid(url);
      if (answered !== undefined) seen.add(answered);
    }
    return seen;
  }

  it(
    'share the ports; a killed one is replaced; SIGHUP replaces all; SIGTERM ends all with 0',
    { timeout: 120_000 },
    async () => {
      const app = await start({ processes: 2 });
      await app.said('2 processes share the ports');
      const first = await pids(app.url, (seen) => seen.size === 2);
      expect(first).not.toContain(app.pid);

      const [victim] = first;
      process.kill(victim!, 'SIGKILL');
      const second = await pids(app.url, (seen) => seen.size >= 2 && [...seen].some((pid) => !first.has(pid)));
      expect(app.output()).toContain(`server process ${victim} ended with SIGKILL`);

      app.signal('SIGHUP');
      await app.said('rolling restart done');
      const third = await pids(app.url, (seen) => seen.size === 2);
      expect([...third].filter((pid) => first.has(pid) || second.has(pid))).toEqual([]);
      expect(await app.stop()).toBe(0);
    },
  );

  it('ends with 1 when its servers cannot start', async () => {
    const app = await start({});
    const port = Number(new URL(app.url).port);
    await expect(start({ processes: 2, http: port })).rejects.toThrow(
      new RegExp(`ended with 1[\\s\\S]*HTTP port ${port} is in use`),
    );
    expect(await app.stop()).toBe(0);
  });
});
