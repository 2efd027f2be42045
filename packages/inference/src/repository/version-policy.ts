import { inferenceError } from '../inference.errors.js';
import type { VersionListing } from './listing.js';
import type { VersionPolicy } from './model-config.js';

export const LATEST: VersionPolicy = { kind: 'latest', count: 1 };

/**
 * The versions that a policy wants, newest first. One that is `broken` counts as wanted, so that it is tried again, but
 * does not use up a place: the version before it goes on serving, also after a restart.
 */
export function wantedVersions(
  ascending: readonly VersionListing[],
  policy: VersionPolicy,
  broken: (listing: VersionListing) => boolean,
): VersionListing[] {
  const newestFirst = [...ascending].reverse();
  if (policy.kind === 'all') return newestFirst;
  if (policy.kind === 'specific') return newestFirst.filter(({ version }) => policy.versions.includes(version));
  let places = policy.count;
  return newestFirst.filter((listing) => {
    if (places <= 0) return false;
    if (!broken(listing)) places--;
    return true;
  });
}

export function printPolicy(policy: VersionPolicy): string {
  if (policy.kind === 'all') return 'all versions';
  return policy.kind === 'latest' ? `the latest ${policy.count}` : `only ${policy.versions.join(', ')}`;
}

/**
 * Refuses what is no policy: options come from plain JavaScript and from files, too.
 * @throws {INF_ERR_OPTIONS}
 */
export function checkPolicy(policy: VersionPolicy | undefined, model: string): void {
  if (policy === undefined || isPolicy(policy)) return;
  const text = `versions of model '${model}' is ${JSON.stringify(policy)}: it must be { kind: 'latest', count: 1 } (or more), { kind: 'all' }, or { kind: 'specific', versions: ['1', …] }`;
  throw inferenceError('INF_ERR_OPTIONS', text);
}

function isPolicy(policy: VersionPolicy): boolean {
  if (policy === null || typeof policy !== 'object') return false;
  if (policy.kind === 'latest') return Number.isInteger(policy.count) && policy.count >= 1;
  if (policy.kind === 'specific')
    return Array.isArray(policy.versions) && policy.versions.every((version) => typeof version === 'string');
  return policy.kind === 'all';
}
