import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runToEnd } from './harness/app-process.js';
import { ROOT } from './harness/repository.js';

const WITAN = join(ROOT, 'packages', 'cli', 'bin', 'witan.js');

describe.each(readdirSync(join(ROOT, 'apps')))('apps/%s', (name) => {
  const app = join(ROOT, 'apps', name);

  it('keeps the field numbers of its committed witan.lock.proto', async () => {
    const args = [WITAN, 'proto', '--app', join(app, 'dist', 'app.module.js'), '--lock', join(app, 'witan.lock.proto')];
    const { code, output } = await runToEnd(args);
    expect(output).toMatch(/witan\.lock\.proto holds\s*$/);
    expect(code).toBe(0);
  });
});
