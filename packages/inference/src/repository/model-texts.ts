import { withoutPlaces } from './caller-text.js';
import type { ModelVersion } from './model-version.js';
import { repositoryError } from './repository.errors.js';
import type { VersionChoice } from './version-choice.js';
import { printPolicy } from './version-policy.js';

/** That there is no such version, or that it is not served; with what there is. */
export function noSuchVersion(model: string, version: string, { known, aliases, policy }: VersionChoice): Error {
  const versions = [...known.keys()].join(', ') || 'none';
  const names = Object.entries(aliases.all()).map(([alias, of]) => `${alias} (${of})`);
  const named = names.length > 0 ? `, named ${names.join(', ')}` : '';
  const why = known.has(aliases.resolve(version)) ? 'is not served' : 'does not exist';
  return repositoryError(
    'INF_ERR_VERSION_NOT_FOUND',
    `version '${version}' of model '${model}' ${why}: the store has ${versions}${named}, and ${printPolicy(policy)} are served`,
  );
}

/** Why a model, or a version of it, cannot be served now, and when to come back. */
export function unavailable(
  model: string,
  version: ModelVersion | undefined,
  { isOff }: VersionChoice,
  problem: Error | undefined,
): Error {
  const failure = version?.failure ?? problem;
  const why = isOff ? 'it was unloaded' : (failure?.message ?? (version?.reason || 'it has no version to serve'));
  const which = version ? `version ${version.version} of model '${model}'` : `model '${model}'`;
  const wait = version?.failure ? { retryAfterMs: Math.max(1, Math.ceil(version.retryAfterMs)) } : {};
  const text = `${which} cannot be served now: ${withoutPlaces(why)}`;
  return repositoryError('INF_ERR_MODEL_UNAVAILABLE', text, { cause: failure, ...wait });
}

/** What an operator should know although requests are answered. */
export function warningOf(choice: VersionChoice, problem: Error | undefined): string | undefined {
  const { known, answering, pinned, aliases, defaultName } = choice;
  if (defaultName !== undefined && known.size > 0 && !choice.preferred())
    return `the default version '${defaultName}' does not exist`;
  if (problem) return problem.message;
  const failed = [...known.values()].find((each) => each.failure && !each.isReady && each !== answering);
  if (failed) return `version ${failed.version} is not served: ${failed.failure!.message}`;
  if (answering && !known.has(answering.version) && answering !== pinned)
    return `version ${answering.version} is gone from the store, and nothing there can take its place`;
  const [alias, version] =
    Object.entries(aliases.all()).find(([, of]) => !known.has(of) && of !== pinned?.version) ?? [];
  if (known.size > 0 && alias !== undefined)
    return `version ${version}, which is called ${alias}, is gone from the store`;
  return undefined;
}
