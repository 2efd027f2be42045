import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { emptyFolder, npm, packAll } from './harness/tarballs.js';

describe('the packages, installed by npm with nothing but what they ask for', () => {
  const application = emptyFolder();
  const store = emptyFolder();

  afterAll(() => {
    for (const folder of [application, store]) rmSync(folder, { recursive: true });
  });

  it('install beside their peers, and import', () => {
    const tarballs = packAll(store).map(({ path }) => path);
    writeFileSync(join(application, 'package.json'), '{ "private": true, "type": "module" }\n');
    npm(['install', '--ignore-scripts', '--prefer-offline', ...tarballs], application);
    const code = `await import('@witan/core'); await import('@witan/inference'); console.log('imported')`;
    expect(
      execFileSync(process.execPath, ['--input-type=module', '-e', code], { cwd: application, encoding: 'utf8' }),
    ).toBe('imported\n');
    expect(npm(['exec', '--offline', '--', 'witan', '--help'], application)).toMatch(/^ +proto /m);
  });
});
