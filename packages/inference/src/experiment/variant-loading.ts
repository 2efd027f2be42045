import type { ModelDirectory } from '../repository/model-directory.js';
import type { RepositoryLog } from '../repository/repository-log.js';
import { experimentError } from './experiment.errors.js';
import type { ExperimentPlan, NamedModel } from './experiment-plan.js';

const MAX_LISTED = 20;

/**
 * Loads every version that an experiment names, and keeps it wanted, whatever is newer. A variant or a shadow that does
 * not load is a warning: the control answers for it.
 * @throws {INF_ERR_EXPERIMENT_MODEL} when there is no such model or version, or the control does not load
 */
export async function loadVariants(plan: ExperimentPlan, directory: ModelDirectory, log: RepositoryLog): Promise<void> {
  const named: [string, NamedModel, boolean][] = [
    ...plan.variants.map(
      (variant, i) => [`variant '${variant.name}'`, variant, i === plan.control] as [string, NamedModel, boolean],
    ),
    ...plan.shadows.map((shadow) => [`shadow '${shadow.name}'`, shadow, false] as [string, NamedModel, boolean]),
  ];
  for (const [what, model] of named) check(`experiment '${plan.name}', ${what}`, model, directory);
  for (const [what, model, isControl] of named) {
    try {
      await load(model, directory);
    } catch (cause) {
      const text = `experiment '${plan.name}', ${what}: ${(cause as Error).message}`;
      if (isControl) throw experimentError('INF_ERR_EXPERIMENT_MODEL', text, { cause });
      log.warn(`${text}; the control answers in its place`);
    }
  }
}

function check(what: string, { model, version }: NamedModel, directory: ModelDirectory): void {
  const description = directory.describe(model);
  const refuse = (problem: string): never => {
    throw experimentError('INF_ERR_EXPERIMENT_MODEL', `${what}: ${problem}`);
  };
  if (!description) {
    const there = directory.describeAll().map(({ name }) => name);
    const some = there.slice(0, MAX_LISTED).join(', ') || 'none';
    refuse(
      `there is no model '${model}': declare it with ModelModule.forFeature, or put it in the store; there are ${some}`,
    );
  }
  if (version === undefined) return;
  const { versions, aliases } = description!;
  if (Object.hasOwn(aliases, version) || versions.some((each) => each.version === version)) return;
  const there =
    [...versions.map((each) => each.version), ...Object.keys(aliases)].slice(-MAX_LISTED).join(', ') || 'none';
  refuse(`model '${model}' has no version '${version}': there are ${there}`);
}

async function load({ model, version }: NamedModel, directory: ModelDirectory): Promise<void> {
  // What an alias names is loaded as it is; a version that the policy leaves out has to be asked for.
  const isNamed = version !== undefined && !Object.hasOwn(directory.describe(model)!.aliases, version);
  if (isNamed) await directory.load(model, { version });
  await directory.use(model, version);
}
