import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions, latestVersion } from './versions.js';

const sorted = (versions: readonly string[]): string[] => [...versions].sort(compareVersions);

describe('the order of versions', () => {
  it.each([
    [
      ['10', '9', '1', '100000000000000000001', '100000000000000000000'],
      ['1', '9', '10', '100000000000000000000', '100000000000000000001'],
    ],
    [
      ['v10', 'v2', '7', 'v1'],
      ['7', 'v1', 'v2', 'v10'],
    ],
    [
      ['1.10.0', '1.9.0', '1.9.1'],
      ['1.9.0', '1.9.1', '1.10.0'],
    ],
    [
      ['v1.0.0', 'v1.0.0-rc2', 'v1.0.0-rc10', 'v0.9.9', 'v1.0.0.1'],
      ['v0.9.9', 'v1.0.0-rc2', 'v1.0.0-rc10', 'v1.0.0', 'v1.0.0.1'],
    ],
    [
      ['2026-01-10', '2026-01-09', '2025-12-31'],
      ['2025-12-31', '2026-01-09', '2026-01-10'],
    ],
    [
      ['run-3', 'run-03', 'run-20'],
      ['run-03', 'run-3', 'run-20'],
    ],
  ])('sorts %j', (given, expected) => {
    expect(sorted(given)).toEqual(expected);
  });

  it('is total, whatever the names: antisymmetric, transitive, and equal only for equals', () => {
    const name = fc.oneof(
      fc.stringMatching(/^v?[0-2]\.[0-2]\.0(-rc[0-2])?(!x)?$/),
      fc.string({ maxLength: 6 }),
      fc.nat(30).map(String),
      fc.constantFrom('01', '1', '1.0.0-', '1.0.0', '1.0.0!', '01.0.0', '1.0.0 '),
    );
    fc.assert(
      fc.property(name, name, name, (a, b, c) => {
        expect(Math.sign(compareVersions(a, b))).toBe(0 - Math.sign(compareVersions(b, a)));
        expect(compareVersions(a, b) === 0).toBe(a === b);
        if (compareVersions(a, b) < 0 && compareVersions(b, c) < 0) expect(compareVersions(a, c)).toBeLessThan(0);
      }),
      { numRuns: 2000 },
    );
  });

  it('gives the latest of any, and none of none', () => {
    expect(latestVersion(['3', '20', '4'])).toBe('20');
    expect(latestVersion(['3', 'v1'])).toBe('v1');
    expect(latestVersion([])).toBeUndefined();
  });
});
