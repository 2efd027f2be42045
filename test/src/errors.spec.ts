import { describe, expect, it } from 'vitest';
import { filesUnder, readText } from './harness/repository.js';
import { printed } from './harness/script.js';

/** What a code begins with in each package. */
const PREFIX: Record<string, readonly string[]> = {
  grpc: ['GRPC_ERR_'],
  core: ['CORE_ERR_'],
  inference: ['INF_ERR_'],
  protocols: ['OIP_ERR_', 'HUSHAR_ERR_'],
  telemetry: ['TEL_ERR_'],
  sinks: ['SINK_ERR_'],
  cli: ['CLI_ERR_'],
};
const PREFIXES = Object.values(PREFIX).flat();

const page = printed('write-error-docs.mjs');
const listed = [...page.matchAll(/^\| `([A-Z0-9_]+)` \|/gm)].map((match) => match[1]!);

/** Every code that the packages' sources use outside their tables, with the file. */
const raised = new Map<string, string>();
for (const file of filesUnder('packages', '.ts')) {
  if (file.endsWith('.errors.ts') || file.endsWith('.spec.ts')) continue;
  for (const [, code] of readText(file).matchAll(/'([A-Z]+_ERR_[A-Z0-9_]+)'/g)) {
    if (PREFIXES.some((prefix) => code!.startsWith(prefix))) raised.set(code!, file);
  }
}

describe('the error table', () => {
  it('is what docs/errors.md says, both ways; `npm run docs:errors` writes it anew', () => {
    expect(readText('docs/errors.md')).toBe(page);
  });

  it('has each code once', () => {
    expect(listed).toEqual([...new Set(listed)]);
    expect(listed.length).toBeGreaterThan(0);
  });

  it('lists every code that is raised', () => {
    expect([...raised].filter(([code]) => !listed.includes(code))).toEqual([]);
  });

  it('lists no code that nothing raises', () => {
    expect(listed.filter((code) => !raised.has(code))).toEqual([]);
  });

  it('begins each code with its package', () => {
    const packages = [...page.matchAll(/^## @witan\/(\w+)\n([^#]*)/gm)].map(([, name, rows]) => ({
      name: name!,
      rows: rows!,
    }));
    for (const { name, rows } of packages) {
      for (const [, code] of rows.matchAll(/^\| `([A-Z0-9_]+)`/gm))
        expect(
          PREFIX[name]!.some((prefix) => code!.startsWith(prefix)),
          code,
        ).toBe(true);
    }
  });

  it('says of each error, in a sentence, when it happens and what to do', () => {
    const rows = [...page.matchAll(/^\| `([A-Z0-9_]+)` .* \| (.*) \|$/gm)];
    expect(rows).toHaveLength(listed.length);
    expect(rows.filter(([, , text]) => !/^\S.{20,}\.$/.test(text!)).map(([, code]) => code)).toEqual([]);
  });
});
