import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROOT } from './harness/repository.js';

const run = promisify(execFile);

describe('scripts/prepare.mjs', () => {
  let folder: string;

  const write = (path: string, content: string | object): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content));
  };
  /** What it said: it speaks when it does something. */
  const prepare = async (env: NodeJS.ProcessEnv = {}): Promise<string> =>
    (await run(process.execPath, [join(folder, 'scripts/prepare.mjs')], { env: { ...process.env, ...env } })).stderr;
  const output = (name: string): string => join(folder, 'packages/one/dist', name);

  /** A repository with one package, whose only installed dependency is the compiler. */
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'witan-prepare-'));
    cpSync(join(ROOT, 'scripts/prepare.mjs'), join(folder, 'scripts/prepare.mjs'), { recursive: true });
    const packages = { 'node_modules/typescript': { version: '1.0.0' } };
    write('package.json', { name: 'x', private: true });
    write('package-lock.json', { packages });
    write('node_modules/.package-lock.json', { packages });
    symlinkSync(join(ROOT, 'node_modules/typescript'), join(folder, 'node_modules/typescript'));
    write('tsconfig.base.json', {});
    write('tsconfig.json', { files: [], references: [{ path: 'packages/one' }] });
    const compilerOptions = {
      composite: true,
      rootDir: 'src',
      outDir: 'dist',
      tsBuildInfoFile: 'dist/.tsbuildinfo',
      types: [],
      lib: ['ES2023'],
    };
    write('packages/one/tsconfig.json', { compilerOptions, include: ['src'] });
    write('packages/one/src/a.ts', 'export const a = 1;');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it('builds what is not built, and then says and does nothing', async () => {
    expect(await prepare()).toContain('built');
    expect(existsSync(output('a.js'))).toBe(true);
    expect(await prepare()).toBe('');
  });

  it('builds again when a source changed, came or went, or when the output is gone', async () => {
    await prepare();
    write('packages/one/src/a.ts', 'export const a = 22;');
    expect(await prepare()).toContain('built');
    expect(readFileSync(output('a.js'), 'utf8')).toContain('22');
    write('packages/one/src/b.ts', 'export const b = 1;');
    expect(await prepare()).toContain('built');
    rmSync(join(folder, 'packages/one/dist'), { recursive: true });
    expect(await prepare()).toContain('built');
    expect(existsSync(output('b.js'))).toBe(true);
  });

  it('removes the output of a source that is gone, so that no deleted test runs on', async () => {
    write('packages/one/src/old.spec.ts', 'export {};');
    await prepare();
    rmSync(join(folder, 'packages/one/src/old.spec.ts'));
    await prepare();
    expect(existsSync(output('old.spec.js'))).toBe(false);
    expect(existsSync(output('a.js'))).toBe(true);
  });

  it('fails with the compiler’s words, and does not take the next run for built', async () => {
    write('packages/one/src/a.ts', 'export const a: string = 1;');
    await expect(prepare()).rejects.toMatchObject({ stderr: expect.stringContaining('a.ts(1,14)') });
    await expect(prepare()).rejects.toMatchObject({ stderr: expect.stringContaining('a.ts(1,14)') });
  });

  it('builds once when two run at once', async () => {
    const said = await Promise.all([prepare(), prepare(), prepare()]);
    expect(said.filter((text) => text.includes('built'))).toHaveLength(1);
  });

  it('takes over the lock of a process that died', async () => {
    const { pid } = await deadProcess();
    write('.cache/prepare.lock', String(pid));
    expect(await prepare()).toContain('built');
  });

  it('installs when what is installed is not what the lock file says', async () => {
    const log = join(folder, 'npm.log');
    write(
      'bin/npm-cli.js',
      `require('fs').appendFileSync(${JSON.stringify(log)}, process.argv.slice(2).join(' ') + '\\n');
      require('fs').copyFileSync('package-lock.json', 'node_modules/.package-lock.json');`,
    );
    const env = { npm_execpath: join(folder, 'bin/npm-cli.js') };
    await prepare(env);
    expect(existsSync(log)).toBe(false);
    write('package-lock.json', {
      packages: {
        'node_modules/typescript': { version: '2.0.0' },
        'node_modules/elsewhere': { optional: true, version: '1.0.0' },
      },
    });
    expect(await prepare(env)).toContain('npm install');
    expect(readFileSync(log, 'utf8')).toMatch(/^install --no-save --ignore-scripts/);
  });

  async function deadProcess(): Promise<{ pid: number }> {
    const { stdout } = await run(process.execPath, ['-p', 'process.pid']);
    return { pid: Number(stdout) };
  }
});
