import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Module, type ValueProvider } from '@nestjs/common';
import { BOOT_AHEAD, WitanFactory } from '@witan/core';
import { fixtureModel } from '@witan-libs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { ModelModule } from '../../module/model.module.js';
import { ModelRegistry } from '../../module/model-registry.js';
import type { ModelOptions } from '../../module/model-options.js';
import type { RunnerDefaults } from '../runner-options.js';
import type { HostLink } from './host-link.js';
import { WarmProcess, warmProcess } from './warm-process.js';

const iris: ModelOptions = { name: 'iris', path: fixtureModel('iris') };

@Module({ imports: [ModelModule.forRoot({}), ModelModule.forFeature(iris)] })
class App {}

const exitOf = (link: HostLink): Promise<string> => new Promise((resolve) => link.onExit(resolve));

describe('the process that is started ahead', () => {
  afterEach(() => warmProcess.end());

  it('is there once', async () => {
    const warm = new WarmProcess();
    expect(warm.take()).toBeUndefined();
    warm.start();
    warm.start();
    const link = warm.take()!;
    expect(warm.take()).toBeUndefined();
    link.abandon();
    expect(await exitOf(link)).toBe('signal SIGKILL');
  });

  it('is not given out when it ended by itself', async () => {
    const warm = new WarmProcess();
    warm.start();
    const link = warm.take()!;
    const again = new WarmProcess(() => link);
    again.start();
    link.abandon();
    await exitOf(link);
    expect(again.take()).toBeUndefined();
  });

  it('tries the first model of an application, and is gone when that is up', async () => {
    const app = await WitanFactory.create(App, { abortOnError: false });
    expect(app.nest.get(ModelRegistry).get('iris').name).toBe('iris');
    expect(warmProcess.take()).toBeUndefined();
    await app.close();
  });

  it('is started only for models that are tried', async () => {
    const started = async (runners: RunnerDefaults, ...models: ModelOptions[]): Promise<boolean> => {
      const parts = [ModelModule.forRoot({ runners }), ModelModule.forFeature(...models)];
      const providers = parts.flatMap((part) => (part.providers ?? []) as ValueProvider[]);
      const provided = (token: unknown) =>
        providers.filter(({ provide }) => provide === token).map(({ useValue }) => useValue as unknown);
      await ModelModule[BOOT_AHEAD]((token) => Promise.resolve(provided(token)));
      const link = warmProcess.take();
      link?.abandon();
      return link !== undefined;
    };
    expect(await started({}, iris)).toBe(true);
    expect(await started({ trusted: true }, { ...iris, trusted: false })).toBe(true);
    expect(await started({ trusted: true }, iris)).toBe(false);
    expect(await started({}, { ...iris, trusted: true })).toBe(false);
    expect(await started({})).toBe(false);
  });

  it.runIf(process.platform === 'linux')('neither holds up the end of its parent nor outlives it', async () => {
    const module = JSON.stringify(new URL('./warm-process.js', import.meta.url).href);
    const code = `import { readFileSync } from 'node:fs';
      import { warmProcess } from ${module};
      warmProcess.start();
      console.log(readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8').trim());`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [out] = (await once(parent.stdout, 'data')) as [Buffer];
    const child = Number(out.toString().trim().split(' ').at(-1));
    expect(child).toBeGreaterThan(0);
    await once(parent, 'close');
    await expect.poll(() => isAlive(child), { timeout: 10_000 }).toBe(false);
  });
});

function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
