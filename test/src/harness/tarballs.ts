import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readManifest, ROOT, workspaces } from './repository.js';

export interface Tarball {
  readonly name: string;
  /** The .tgz: an absolute path. */
  readonly path: string;
  /** What is in it: `dist/index.js`. */
  readonly files: readonly string[];
}

/** An empty folder outside the repository, where an application of somebody else could lie. */
export function emptyFolder(): string {
  return mkdtempSync(join(tmpdir(), 'witan-pack-'));
}

/** `npm pack` of every package, as it would be published. */
export function packAll(folder: string): Tarball[] {
  const each = workspaces('packages').flatMap(({ manifest }) => ['-w', manifest.name]);
  const output = npm(['pack', ...each, '--json', '--pack-destination', folder], ROOT);
  // A list, or by name: that depends on npm's version.
  const packed = JSON.parse(output) as Record<string, { name: string; filename: string; files: { path: string }[] }>;
  return Object.values(packed).map(({ name, filename, files }) => ({
    name,
    path: join(folder, filename),
    files: files.map(({ path }) => path),
  }));
}

/**
 * Unpacks the tarballs into an application's node_modules, and beside them links what they declare: nothing that they
 * forgot to declare can be found from there. Needs no network; {@link npm} `install` is the real thing.
 */
export function unpackInto(application: string, tarballs: readonly Tarball[]): void {
  writeFileSync(join(application, 'package.json'), '{ "private": true, "type": "module" }\n');
  const declared = new Set<string>();
  for (const { name, path } of tarballs) {
    const folder = join(application, 'node_modules', name);
    mkdirSync(folder, { recursive: true });
    execFileSync('tar', ['-xzf', path, '-C', folder, '--strip-components=1']);
    const { dependencies, peerDependencies, bin } = readManifest(folder);
    for (const each of Object.keys({ ...dependencies, ...peerDependencies })) declared.add(each);
    for (const [command, file] of Object.entries(bin ?? {}))
      link(join(folder, file), join(application, 'node_modules/.bin', command));
  }
  for (const { name } of tarballs) declared.delete(name);
  for (const name of declared) link(join(ROOT, 'node_modules', name), join(application, 'node_modules', name));
}

function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}

export function npm(args: readonly string[], cwd: string): string {
  const env = { ...process.env, npm_config_loglevel: 'error', npm_config_audit: 'false', npm_config_fund: 'false' };
  return execFileSync('npm', args, {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 26,
  });
}
