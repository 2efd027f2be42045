import { isBuiltin } from 'node:module';
import { describe, expect, it } from 'vitest';
import { importsOf, packageOf, resolveRelative } from './harness/imports.js';
import { filesUnder, type Workspace, workspaces } from './harness/repository.js';

/** Who may import whom; what a package imports, it may import the imports of too. ARCHITECTURE.md draws it. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  grpc: [],
  core: ['grpc'],
  inference: ['core'],
  protocols: ['inference'],
  cascade: ['core'],
  orchestration: ['cascade'],
  telemetry: ['core'],
  sinks: ['core'],
  python: ['core'],
  client: ['core'],
  cli: ['protocols', 'orchestration', 'telemetry', 'sinks', 'python', 'client'],
};

const packages = workspaces('packages');
const nameOf = (folder: string): string => folder.split('/')[1]!;
/** A spec, or what only specs use: `frame.spec.arbitrary.ts`. */
const isSpec = (file: string): boolean => file.includes('.spec.');

function allowed(name: string): Set<string> {
  const direct = MAY_IMPORT[name] ?? [];
  return new Set(direct.flatMap((other) => [other, ...allowed(other)]));
}

function sources({ folder }: Workspace): string[] {
  return filesUnder(`${folder}/src`, '.ts');
}

describe.each(packages.map((each) => [nameOf(each.folder), each] as const))('%s', (name, workspace) => {
  it('has its place in the order of packages', () => {
    expect(Object.keys(MAY_IMPORT)).toContain(name);
  });

  it('imports only packages that it stands on', () => {
    const mayUse = allowed(name);
    const wrong = sources(workspace).flatMap((file) =>
      importsOf(file)
        .map(({ specifier }) => packageOf(specifier))
        .filter((specifier) => /^@witan(-libs|-apps)?\//.test(specifier))
        .filter((specifier) => {
          if (specifier === '@witan-libs/testing') return !isSpec(file);
          return !mayUse.has(specifier.slice('@witan/'.length));
        })
        .map((specifier) => `${file} imports ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  it('declares what it imports', () => {
    const { dependencies, peerDependencies } = workspace.manifest;
    const declared = new Set(Object.keys({ ...dependencies, ...peerDependencies }));
    const wrong = sources(workspace)
      .filter((file) => !isSpec(file))
      .flatMap((file) =>
        importsOf(file)
          .filter(({ specifier }) => !specifier.startsWith('.') && !isBuiltin(specifier))
          .filter(({ specifier }) => !declared.has(packageOf(specifier)))
          .map(({ specifier }) => `${file} imports ${specifier}`),
      );
    expect(wrong).toEqual([]);
  });

  it('imports the file, not the barrel, inside itself', () => {
    const wrong = sources(workspace)
      .filter((file) => !isSpec(file))
      .flatMap((file) =>
        importsOf(file)
          .filter(
            ({ specifier }) => specifier.startsWith('.') && resolveRelative(file, specifier).endsWith('/index.ts'),
          )
          .map(({ specifier }) => `${file} imports ${specifier}`),
      );
    expect(wrong).toEqual([]);
  });

  it('reaches no other package by a path', () => {
    const wrong = sources(workspace).flatMap((file) =>
      importsOf(file)
        .filter(({ specifier }) => specifier.startsWith('.'))
        .filter(({ specifier }) => !resolveRelative(file, specifier).startsWith(`${workspace.folder}/src/`))
        .map(({ specifier }) => `${file} imports ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe('telemetry', () => {
  it('is imported by nobody but the command line and the applications', () => {
    const importers = packages
      .filter(({ folder }) => allowed(nameOf(folder)).has('telemetry'))
      .map(({ folder }) => folder);
    expect(importers).toEqual(['packages/cli']);
  });
});

describe('Frame, for workers and benchmarks without Nest', () => {
  const frameFiles = filesUnder('packages/core/src/frame', '.ts').filter((file) => !isSpec(file));

  it('imports nothing of core but the schema spec and the errors', () => {
    const wrong = frameFiles.flatMap((file) =>
      importsOf(file)
        .filter(({ specifier }) => specifier.startsWith('.'))
        .map(({ specifier }) => resolveRelative(file, specifier))
        .filter((target) => !/^packages\/core\/src\/(frame\/|errors\/|schema\/spec\.ts$)/.test(target))
        .map((target) => `${file} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('loads no Nest, Polars, Arrow library or class-validator', () => {
    const loaded = closure('packages/core/src/frame/index.ts');
    expect([...loaded].filter((name) => /nestjs|rxjs|reflect-metadata|polars|apache-arrow|class-/.test(name))).toEqual(
      [],
    );
  });
});

/** The packages that importing a file loads at once, through the files that it imports. */
function closure(entry: string): Set<string> {
  const seen = new Set<string>();
  const loaded = new Set<string>();
  const walk = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const { specifier, kind } of importsOf(file)) {
      if (kind !== 'static') continue;
      if (specifier.startsWith('.')) walk(resolveRelative(file, specifier));
      else loaded.add(packageOf(specifier));
    }
  };
  walk(entry);
  return loaded;
}
