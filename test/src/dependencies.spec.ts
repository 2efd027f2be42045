import { describe, expect, it } from 'vitest';
import { importsOf, packageOf } from './harness/imports.js';
import { filesUnder, readManifest, readText, ROOT, workspaces } from './harness/repository.js';

const PAGE = 'docs/decisions/0002-dependencies.md';

/** What the tables of the page name, in their first columns. */
function explained(): Set<string> {
  const cells = [...readText(PAGE).matchAll(/^\| (`.*?) \|/gm)].map((match) => match[1]!);
  return new Set(cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!)));
}

const packages = workspaces('packages');

/** What a package of ours wants from whoever depends on it. */
function peersOf(name: string): string[] {
  const manifest = packages.find((each) => each.manifest.name === name)?.manifest;
  return Object.keys(manifest?.peerDependencies ?? {});
}

describe('dependencies', () => {
  it('are explained on the page, each of them, and nothing else is', () => {
    const manifests = [readManifest(ROOT), ...packages.map(({ manifest }) => manifest)];
    const declared = manifests.flatMap(({ dependencies, peerDependencies, devDependencies }) =>
      Object.keys({ ...dependencies, ...peerDependencies, ...devDependencies }),
    );
    const foreign = new Set(declared.filter((name) => !name.startsWith('@witan/') && !name.startsWith('@types/')));
    expect([...explained()].sort()).toEqual([...foreign].sort());
  });

  it.each(packages.map((each) => [each.folder, each] as const))(
    '%s imports what it declares',
    (folder, { manifest }) => {
      const sources = filesUnder(`${folder}/src`, '.ts').filter((file) => !file.includes('.spec.'));
      const imported = new Set(sources.flatMap(importsOf).map(({ specifier }) => packageOf(specifier)));
      const declared = Object.keys(manifest.dependencies ?? {});
      const peers = new Set(declared.flatMap(peersOf));
      expect(declared.filter((name) => !imported.has(name) && !peers.has(name))).toEqual([]);
    },
  );
});
