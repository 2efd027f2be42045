import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { workspaces } from './harness/repository.js';
import { emptyFolder, npm, packAll, type Tarball, unpackInto } from './harness/tarballs.js';

const packages = workspaces('packages');
const entries = packages.flatMap(({ manifest }) =>
  Object.keys(manifest.exports).map((path) => manifest.name + path.slice(1)),
);

describe('the packages, packed and unpacked in an empty folder', () => {
  const application = emptyFolder();
  const store = emptyFolder();
  let tarballs: Tarball[] = [];

  beforeAll(() => {
    tarballs = packAll(store);
    unpackInto(application, tarballs);
  }, 60_000);

  afterAll(() => {
    for (const folder of [application, store]) rmSync(folder, { recursive: true });
  });

  it.each(packages.map(({ manifest }) => manifest.name))(
    '%s ships its code, its README and the licence, and no tests',
    (name) => {
      const { files } = tarballs.find((tarball) => tarball.name === name)!;
      expect(files.filter((file) => /\.spec\.|tsbuildinfo|^src\//.test(file))).toEqual([]);
      for (const file of ['README.md', 'LICENSE']) expect(files.includes(file), file).toBe(true);
      expect(files.some((file) => file.endsWith('.d.ts')) || name === '@witan/cli').toBe(true);
    },
  );

  it.each(entries)('%s imports', (entry) => {
    const attributes = entry.endsWith('.json') ? ', { with: { type: "json" } }' : '';
    const code = `const all = await import('${entry}'${attributes}); console.log(Object.keys(all).length)`;
    const output = execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', code], {
      cwd: application,
      encoding: 'utf8',
    });
    expect(Number(output)).toBeGreaterThan(0);
  });

  it('`npx witan --help` says what it can do', () => {
    expect(npm(['exec', '--offline', '--', 'witan', '--help'], application)).toMatch(/^ +proto /m);
  });

  // The command is an application itself: whoever installs it alone has no other that brings Nest.
  const libraries = packages.filter(({ manifest }) => manifest.name !== '@witan/cli');
  it.each(libraries.map(({ folder, manifest }) => [folder, manifest] as const))(
    '%s leaves the choice of Nest to its user',
    (_, manifest) => {
      const shared = /^(@nestjs\/|rxjs$|reflect-metadata$)/;
      expect(Object.keys(manifest.dependencies ?? {}).filter((name) => shared.test(name))).toEqual([]);
      const peers = Object.entries(manifest.peerDependencies ?? {}).filter(([name]) => shared.test(name));
      for (const [name, range] of peers) expect(range, name).toMatch(/^[\^~>]/);
    },
  );

  it.each(packages.map(({ folder, manifest }) => [folder, manifest] as const))(
    '%s asks for its siblings in its own version',
    (_, manifest) => {
      const siblings = Object.entries(manifest.dependencies ?? {}).filter(([name]) => name.startsWith('@witan/'));
      for (const [name, range] of siblings) expect(range, name).toBe(manifest.version);
    },
  );
});
