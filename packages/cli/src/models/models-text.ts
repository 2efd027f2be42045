import type { ModelJson, VersionJson } from '@witan/inference';
import { textTable } from '../settings/text-table.js';

/** All models, one a line. */
export function modelsTable(models: readonly ModelJson[]): string {
  if (models.length === 0) return 'there are no models\n';
  const rows = [...models]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((model) => [
      model.name,
      `${model.defaultVersion ?? '-'}${model.pinned ? ' (pinned)' : ''}`,
      model.versions.map(shortVersion).join(' '),
      aliasesOf(model),
      model.warning ?? (model.defaultVersion === undefined ? reasonOf(model) : (model.noService ?? '')),
    ]);
  return textTable(['MODEL', 'ANSWERS', 'VERSIONS', 'ALIASES', 'REMARKS'], rows);
}

/** One model with each of its versions. */
export function modelText(model: ModelJson): string {
  const { name, defaultVersion, pinned, warning, noService, config, versions } = model;
  const facts = [
    ['model', name],
    [
      'answers',
      defaultVersion === undefined
        ? 'no version'
        : `version ${defaultVersion}${pinned ? ' (pinned; witan models unpin lets it follow the store)' : ''}`,
    ],
    ['aliases', aliasesOf(model) || 'none'],
    ...(warning === undefined ? [] : [['warning', warning]]),
    ...(noService === undefined ? [] : [['no typed service', noService]]),
    ...(config.source === undefined ? [] : [['configured by', config.source]]),
    ...config.ignored.map((text) => ['not applied', text]),
  ];
  const rows = versions.map((each) => [
    each.version,
    stateOf(each),
    megabytes(each.bytes),
    each.loadedAt ?? '',
    each.reason,
  ]);
  const width = Math.max(...facts.map(([key]) => key!.length));
  const head = facts.map(([key, value]) => `${key!.padEnd(width)}  ${value}`).join('\n');
  return `${head}\n\n${textTable(['VERSION', 'STATE', 'MB', 'LOADED', 'REASON'], rows)}`;
}

function shortVersion(version: VersionJson): string {
  return version.state === 'READY' ? version.version : `${version.version}:${stateOf(version)}`;
}

function stateOf({ state, lazy, code }: VersionJson): string {
  if (state !== 'UNAVAILABLE') return state.toLowerCase();
  return code !== undefined ? 'failed' : lazy ? 'lazy' : 'unloaded';
}

function reasonOf({ versions }: ModelJson): string {
  return versions.findLast(({ reason }) => reason !== '')?.reason ?? '';
}

function aliasesOf({ aliases }: ModelJson): string {
  return Object.entries(aliases)
    .map(([alias, version]) => `${alias}=${version}`)
    .join(' ');
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e6 ? 3 : 1);
}
