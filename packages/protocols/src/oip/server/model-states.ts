import type { ModelDescription, VersionDescription } from '@witan/inference';
import type { IndexEntry } from '../infer-types.js';

/** Ready, or loaded when it is first asked for. */
export function isServable({ state, lazy, code }: VersionDescription): boolean {
  return state === 'READY' || (lazy && state !== 'UNLOADING' && code === undefined);
}

/** The versions that are loaded, ascending. */
export function readyVersions({ versions }: ModelDescription): string[] {
  return versions.filter(({ state }) => state === 'READY').map(({ version }) => version);
}

/** A version by its number, name or alias. */
export function versionNamed(description: ModelDescription, version: string): VersionDescription | undefined {
  const { aliases, versions } = description;
  const name = Object.hasOwn(aliases, version) ? aliases[version] : version;
  return versions.find((each) => each.version === name);
}

/** A model's lines of the repository index. One of which no version is known has a line without version. */
export function indexEntries({ name, versions, warning }: ModelDescription, onlyReady: boolean): IndexEntry[] {
  const shown = onlyReady ? versions.filter(({ state }) => state === 'READY') : versions;
  if (shown.length > 0) return shown.map(({ version, state, reason }) => ({ name, version, state, reason }));
  return onlyReady ? [] : [{ name, version: '', state: 'UNAVAILABLE', reason: warning ?? '' }];
}
