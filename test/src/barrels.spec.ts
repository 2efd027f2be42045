import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readText, workspaces } from './harness/repository.js';
import { printed } from './harness/script.js';

/** `## @witan/core/frame` and the lines under it: the names that exist at run time, without the types. */
function listedValues(page: string, entry: string): string[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${entry}\n`)) ?? '';
  return [...section.matchAll(/^- `(\w+)`$/gm)].map((match) => match[1]!).sort();
}

const entries = workspaces('packages').flatMap(({ manifest }) =>
  Object.entries(manifest.exports)
    .filter(([, target]) => typeof target === 'object')
    .map(([path]) => manifest.name + path.slice(1)),
);

describe('the public barrels', () => {
  it('export the names that docs/public-api.md lists; `npm run docs:api` writes it anew', () => {
    expect(readText('docs/public-api.md')).toBe(printed('write-public-api.mjs'));
  });

  it.each(entries)('%s gives at run time the values that are listed', async (entry) => {
    const listed = listedValues(printed('write-public-api.mjs'), entry);
    const exported = Object.keys((await import(entry)) as object).sort();
    expect(exported).toEqual(listed);
    expect(exported.length).toBeGreaterThan(0);
  });

  it('name only files that the package ships', () => {
    for (const { folder, manifest } of workspaces('packages')) {
      for (const target of Object.values(manifest.exports)) {
        for (const file of typeof target === 'string' ? [target] : Object.values(target)) {
          expect(() => readFileSync(new URL(`../../${folder}/${file}`, import.meta.url))).not.toThrow();
        }
      }
    }
  });
});
