import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { witan } from './witan.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'witan-cli-'));
symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;

/** A compiled application whose service has these columns, in this order. */
function app(columns: readonly (readonly [string, string])[]): string {
  const fields = columns.map(([name, dtype]) => `Column('${dtype}')(Row.prototype, '${name}');`).join('\n');
  const name = `app${files++}.module.mjs`;
  writeFileSync(
    join(folder, name),
    `import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { Column, Handler, Schema, Service } from '@witan/core';
class Row {}
${fields}
Schema()(Row);
class Iris { predict(rows) { return rows; } }
Handler({ in: Row, out: Row })(Iris.prototype, 'predict', Object.getOwnPropertyDescriptor(Iris.prototype, 'predict'));
Service('iris')(Iris);
export class AppModule {}
Module({ providers: [Iris] })(AppModule);
setInterval(() => {}, 1000);
`,
  );
  return name;
}

let out = '';
let err = '';
beforeEach(() => {
  out = '';
  err = '';
  rmSync(join(folder, 'witan.lock.proto'), { force: true });
});

function run(...args: string[]): Promise<number> {
  return witan(args, { cwd: folder, out: (text) => void (out += text), err: (text) => void (err += text) });
}

const AB = [
  ['width', 'f32'],
  ['height', 'f32'],
] as const;

describe('witan', () => {
  it('explains itself', async () => {
    expect(await run('--help')).toBe(0);
    expect(out).toContain('Usage: witan <command>');
    expect(await run('proto', '--help')).toBe(0);
    expect(out).toContain('--lock [file]');
  });

  it('says what is wrong with a command line', async () => {
    expect(await run()).toBe(2);
    expect(await run('serv')).toBe(2);
    expect(await run('proto', '--nope')).toBe(2);
    expect(err).toBe(
      "witan: no command given: run witan --help\nwitan: there is no command 'serv' (did you mean 'serve'?): run witan --help\nwitan: Unknown option '--nope': run witan proto --help\n",
    );
  });
});

describe('witan proto', () => {
  it('prints the .proto of an application', async () => {
    expect(await run('proto', '--app', app(AB))).toBe(0);
    expect(out).toContain('service Iris');
    expect(out).toMatch(/optional float width = 1;[^]*optional float height = 2;/);
    expect(err).toBe('');
  });

  it('writes one file per package', async () => {
    expect(await run('proto', '--app', app(AB), '--out', 'protos')).toBe(0);
    const file = /wrote (.*)\n/.exec(err)![1]!;
    expect(readFileSync(file, 'utf8')).toContain('syntax = "proto3";');
  });

  it('makes the lock, holds additions to it, and refuses a renumbering with exit code 1', async () => {
    expect(await run('proto', '--app', app(AB), '--lock')).toBe(1);
    expect(err).toContain('make it with witan proto --write');
    expect(await run('proto', '--app', app(AB), '--write')).toBe(0);
    expect(await run('proto', '--app', app([...AB, ['depth', 'f64']]), '--lock')).toBe(0);
    expect(err).toContain('witan.lock.proto holds; there are additions');
    const before = readFileSync(join(folder, 'witan.lock.proto'), 'utf8');
    for (const more of [['--lock'], ['--write']]) {
      err = '';
      expect(await run('proto', '--app', app([AB[1], AB[0]]), ...more)).toBe(1);
      expect(err).toContain('field width had number 1, now 2');
    }
    expect(readFileSync(join(folder, 'witan.lock.proto'), 'utf8')).toBe(before);
    expect(await run('proto', '--app', app([AB[1], AB[0]]), '--write', '--force')).toBe(0);
  });

  it('says what to do about an application that it cannot use', async () => {
    expect(await run('proto')).toBe(2);
    expect(err).toContain('build the application first');
    writeFileSync(join(folder, 'broken.mjs'), 'throw new Error("boom")');
    writeFileSync(join(folder, 'empty.mjs'), 'export class AppModule {}');
    writeFileSync(join(folder, 'two.mjs'), 'export class A {}; export class B {}');
    expect([
      await run('proto', '--app', 'broken.mjs'),
      await run('proto', '--app', 'empty.mjs'),
      await run('proto', '--app', 'two.mjs'),
    ]).toEqual([2, 2, 2]);
    expect(err).toContain('cannot be loaded: boom');
    expect(err).toContain('reaches no class with @Service');
    expect(err).toContain('has no export AppModule (it has A, B): give --export');
  });

  it('runs as a command, and ends although the application leaves timers', () => {
    const printed = execFileSync(
      process.execPath,
      [join(ROOT, 'packages/cli/bin/witan.js'), 'proto', '--app', app(AB)],
      { cwd: folder, encoding: 'utf8' },
    );
    expect(printed).toContain('service Iris');
  });
});
