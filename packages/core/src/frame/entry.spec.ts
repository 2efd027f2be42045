import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** The packages and built-in modules that a module and its relative imports load at once. */
function staticImports(url: URL, seen: Set<string>, bare: Set<string>): Set<string> {
  if (seen.has(url.href)) return bare;
  seen.add(url.href);
  for (const [, name] of readFileSync(url, 'utf8').matchAll(/^(?:import|export) (?:[\w*{},\s]+ from )?'([^']+)';$/gm)) {
    if (name!.startsWith('.')) staticImports(new URL(name!, url), seen, bare);
    else bare.add(name!);
  }
  return bare;
}

describe('the entry @witan/core/frame', () => {
  it('loads nothing but itself and Node', () => {
    const seen = new Set<string>();
    const bare = staticImports(new URL('./index.js', import.meta.url), seen, new Set());
    expect(seen.size).toBeGreaterThan(20);
    expect([...bare].filter((name) => !name.startsWith('node:'))).toEqual([]);
  });
});
