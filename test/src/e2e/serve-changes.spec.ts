import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppProcess } from '../harness/app-process.js';
import { type Ended, type ModelFolder, modelFolder, serve, witan } from '../harness/witan-command.js';

/** y = x */
const SAME = 'identity-f32';
/** y = 2x */
const TWICE = 'variable-width';
const ADMIN = 'an-admin-key-of-some-length';
const API = 'an-api-key-of-some-length-too';

describe('a server whose models change', () => {
  let folder: ModelFolder;
  let app: AppProcess | undefined;
  beforeEach(() => {
    folder = modelFolder();
    folder.deploy('m', '1', SAME);
  });
  afterEach(async () => {
    await app?.stop();
    folder.end();
  });

  const models = (...args: string[]): Promise<Ended> => witan(['models', ...args], { WITAN_URL: app!.url });
  const post = async (query = ''): Promise<{ status: number; y: unknown }> => {
    const headers = { 'content-type': 'application/json' };
    const body = '[{"x":[1,2,3]}]';
    const answer = await fetch(`${app!.url}/predictions/m${query}`, { method: 'POST', headers, body });
    const { records } = (await answer.json()) as { records?: { y: number[] }[] };
    return { status: answer.status, y: records?.[0]?.y };
  };

  it('takes over a new version under load, without one failed request', { timeout: 60_000 }, async () => {
    folder.deploy('m', '2', SAME);
    app = await serve([folder.path, '--poll', '200ms']);
    const seen: string[] = [];
    let isOver = false;
    const callers = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        const { status, y } = await post();
        seen.push(`${status} ${JSON.stringify(y)}`);
      }
    });
    await until(() => seen.length > 100);
    folder.deploy('m', '3', SAME);
    await app.said("model 'm': version 3 answers in place of 2");
    const then = seen.length;
    await until(() => seen.length > then + 100);
    isOver = true;
    await Promise.all(callers);
    expect(new Set(seen)).toEqual(new Set(['200 [1,2,3]']));
  });

  it(
    'serves another signature by a new typed service, and a broken version not at all',
    { timeout: 60_000 },
    async () => {
      app = await serve([folder.path, '--poll', '200ms']);
      folder.deploy('m', '2', TWICE);
      await app.said('version 2 answers in place of 1');
      expect((await post()).y).toEqual([2, 4, 6]);
      folder.put('m/3/model.onnx', Buffer.from('no model'));
      await app.said('version 3 is not served');
      expect((await post()).y).toEqual([2, 4, 6]);
      const show = await models('show', 'm');
      expect(show.out).toMatch(/warning +version 3 is not served/);
    },
  );

  it('is changed from this machine, and keeps aliases and rollbacks over a restart', { timeout: 60_000 }, async () => {
    folder.deploy('m', '2', SAME);
    const state = folder.beside('unused', '').replace('unused', 'state/witan.json');
    const args = [folder.path, '--model-control', '--state', state, '--no-watch'];
    app = await serve(args);
    expect(app.output()).toContain('load, unload, alias, roll back: anyone on this machine, without a key');
    expect((await models('alias', 'm', 'champion', '1')).out).toMatch(/aliases +champion=1/);
    expect((await post('?version=champion')).status).toBe(200);
    expect((await models('rollback', 'm')).out).toMatch(/answers +version 1 \(pinned/);
    folder.deploy('m', '3', SAME);
    expect((await models('refresh')).out).toMatch(/^m +1 \(pinned\)/m);
    expect(await app.stop()).toBe(0);

    app = await serve(args);
    expect((await models('show', 'm')).out).toMatch(/answers +version 1 \(pinned/);
    expect((await models('unpin', 'm')).out).toMatch(/answers +version 3$/m);
    expect((await models('unalias', 'm', 'champion')).out).toMatch(/aliases +none/);
    expect((await models('unload', 'm')).out).toMatch(/answers +no version/);
    expect((await post()).status).toBe(503);
    expect((await models('load', 'm')).out).toMatch(/answers +version 3/);
    const again = await models('unalias', 'm', 'champion');
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('INF_ERR_CONTROL_ALIAS')]);
  });

  it('asks for the keys that it was given', { timeout: 60_000 }, async () => {
    const adminKeys = folder.beside('admin.keys', `# who may change models\nops:${ADMIN}\n`);
    const apiKeys = folder.beside('api.keys', `alice:${API}\n`);
    const apiKey = folder.beside('api.key', `${API}\n`);
    app = await serve([folder.path, '--model-control', '--admin-key-file', adminKeys, '--api-key-file', apiKeys]);
    expect(app.output()).toContain('without TLS');
    const infer = ['infer', 'm', '--data', '{"x":[1,2,3]}', '--url', app.url];
    const without = await witan(infer);
    expect([without.code, without.err]).toEqual([1, expect.stringContaining('WITAN_API_KEY')]);
    expect((await witan(infer, { WITAN_API_KEY: API })).code).toBe(0);
    expect((await witan([...infer, '--api-key-file', apiKey])).code).toBe(0);
    expect((await witan([...infer, '--api-key-file', apiKeys])).code).toBe(0);
    expect((await witan(infer, { WITAN_API_KEY: 'another-key-of-some-length' })).code).toBe(1);
    const load = ['models', 'load', 'm', '--url', app.url];
    expect((await witan(load)).err).toContain('CORE_ERR_ACCESS_KEY');
    expect((await witan(load, { WITAN_ADMIN_KEY: API })).err).toContain('CORE_ERR_ACCESS_CONTROL');
    expect((await witan(load, { WITAN_ADMIN_KEY: ADMIN })).code).toBe(0);
    await app.said("model 'm' loaded, by ops");
    expect(app.output()).not.toContain(ADMIN);
  });

  it('loads a lazy model for its first request', { timeout: 60_000 }, async () => {
    folder.put('other.onnx', 'iris');
    app = await serve([folder.path, '--lazy', '--max-models', '1'], 'gRPC ');
    expect((await post()).status).toBe(200);
    const { code } = await witan(['infer', 'other', '--data', '{"X":[1,2,3]}', '--url', app.url]);
    expect(code).toBe(0);
    expect((await models('list')).out).toMatch(/^m +- +1:(lazy|unloaded)/m);
    expect((await post()).y).toEqual([1, 2, 3]);
  });
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
