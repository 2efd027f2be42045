import type { ModelDescription, VersionDescription } from '../repository/model-directory.js';

/** A version as the calls that list models tell it. */
export interface VersionJson extends Omit<VersionDescription, 'loadedAt'> {
  /** ISO 8601. */
  readonly loadedAt?: string;
}

/** A model as the calls that list models tell it. */
export interface ModelJson extends Omit<ModelDescription, 'config' | 'versions'> {
  readonly versions: readonly VersionJson[];
  /** Why it has no typed service, although it is loaded. */
  readonly noService?: string;
  readonly config: {
    /** The file that configures it. */
    readonly source?: string;
    /** What was read there and does not apply. */
    readonly ignored: readonly string[];
  };
}

export function modelJson(description: ModelDescription, noService: string | undefined): ModelJson {
  const { config, versions, ...rest } = description;
  const { source, ignored } = config;
  return {
    ...rest,
    versions: versions.map(versionJson),
    ...(noService !== undefined && { noService }),
    config: { ...(source !== undefined && { source }), ignored },
  };
}

function versionJson({ loadedAt, ...rest }: VersionDescription): VersionJson {
  return { ...rest, ...(loadedAt !== undefined && { loadedAt: new Date(loadedAt).toISOString() }) };
}
