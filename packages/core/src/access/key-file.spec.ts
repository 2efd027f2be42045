import { mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../testing/manual-clock.js';
import { KeyFile } from './key-file.js';

const KEY = (name: string): string => `${name}-key-0123456789`;

let folder: string;
let path: string;
let file: KeyFile | undefined;
let clock: ManualClock;
const logs: string[] = [];
const logger = {
  log: (text: string) => void logs.push(text),
  error: (text: string) => void logs.push(`ERROR ${text}`),
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'witan-keys-'));
  path = join(folder, 'keys');
  clock = new ManualClock();
  logs.length = 0;
});
afterEach(() => {
  file?.close();
  rmSync(folder, { recursive: true });
});

function open(text: string): KeyFile {
  writeFileSync(path, text);
  return (file = new KeyFile(path, clock, logger));
}

/** The names that keys have now, after the second in which nothing need be noticed. */
function known(...names: string[]): (string | undefined)[] {
  clock.advance(1000);
  return names.map((name) => file!.ring().nameOf(KEY(name)));
}

describe('a key file', () => {
  it('has a name and a key on each line, comments and blank lines between', () => {
    open(`\uFEFF# who may predict\r\n\r\n alice : ${KEY('alice')} \r\nbob:${KEY('bob')}:with:colons\r\n`);
    expect(known('alice')).toEqual(['alice']);
    expect(file!.ring().nameOf(`${KEY('bob')}:with:colons`)).toBe('bob');
    expect(file!.ring().size).toBe(2);
  });

  it('is read again within a second of a change, written in place or put in its place', () => {
    open(`alice:${KEY('alice')}\n`);
    writeFileSync(path, `alice:${KEY('alice')}\nbob:${KEY('bob')}\n`);
    expect(known('alice', 'bob', 'carol')).toEqual(['alice', 'bob', undefined]);
    writeFileSync(`${path}.new`, `carol:${KEY('carol')}\n`);
    renameSync(`${path}.new`, path);
    expect(known('alice', 'bob', 'carol')).toEqual([undefined, undefined, 'carol']);
    expect(logs.every((line) => !line.includes('key-0123') && !line.startsWith('ERROR'))).toBe(true);
  });

  it('is read again at once where the file system tells of it', async () => {
    open(`alice:${KEY('alice')}\n`);
    writeFileSync(path, `bob:${KEY('bob')}\n`);
    // Time stands still: only the folder's watch can bring this about.
    while (file!.ring().nameOf(KEY('bob')) === undefined) await new Promise((resolve) => setImmediate(resolve));
    expect(file!.ring().nameOf(KEY('alice'))).toBeUndefined();
  });

  it('may be a link that is led elsewhere, as mounted secrets are', () => {
    for (const name of ['old', 'new']) writeFileSync(join(folder, name), `${name}:${KEY(name)}\n`);
    symlinkSync(join(folder, 'old'), path);
    file = new KeyFile(path, clock, logger);
    expect(known('old', 'new')).toEqual(['old', undefined]);
    symlinkSync(join(folder, 'new'), `${path}.next`);
    renameSync(`${path}.next`, path);
    expect(known('old', 'new')).toEqual([undefined, 'new']);
  });

  it.each([
    ['empty', ''],
    ['broken', `alice:${KEY('alice')}\nbob`],
    ['with a name twice', `bob:${KEY('bob')}\nbob:${KEY('carol')}`],
  ])('keeps the keys it had when it becomes %s, says so once, and recovers', (_what, text) => {
    open(`alice:${KEY('alice')}\n`);
    writeFileSync(path, text);
    expect(known('alice', 'bob')).toEqual(['alice', undefined]);
    expect(known('alice')).toEqual(['alice']);
    const errors = logs.filter((line) => line.startsWith('ERROR'));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(path);
    expect(errors[0]).not.toContain('key-0123');
    writeFileSync(path, `bob:${KEY('bob')}\n`);
    expect(known('alice', 'bob')).toEqual([undefined, 'bob']);
  });

  it('keeps the keys it had when it goes away, and takes up the one that comes', () => {
    open(`alice:${KEY('alice')}\n`);
    unlinkSync(path);
    expect(known('alice')).toEqual(['alice']);
    expect(known('alice')).toEqual(['alice']);
    expect(logs.filter((line) => line.startsWith('ERROR'))).toHaveLength(1);
    writeFileSync(path, `bob:${KEY('bob')}\n`);
    expect(known('alice', 'bob')).toEqual([undefined, 'bob']);
  });

  it('is refused when it is a folder, or far too large', () => {
    expect(() => new KeyFile(folder, clock, logger)).toThrow(/it is no file/);
    expect(() => open('#'.repeat(1024 * 1024 + 1))).toThrow(/more than 1048576/);
  });
});
