import type { ModelBatchOptions } from '../../../module/model-options.js';
import type { RunnerOptions } from '../../../runner/runner-options.js';
import type { ModelConfig, VersionPolicy } from '../../model-config.js';
import { Ignored } from '../ignored.js';
import { isSafeFile, isSafeName, NAME_RULE, quoted } from '../names.js';
import { Checked } from './checked.js';
import { MAX_BATCH_ROWS, MAX_DELAY_MS, MAX_THREADS, MAX_WARM_UP_ROWS, MAX_WARM_UPS } from './limits.js';
import type { ParsedConfig } from './parsed-config.js';
import { readYaml } from './read-yaml.js';

const KEYS = [
  'name',
  'modelFile',
  'versions',
  'aliases',
  'default',
  'batch',
  'runner',
  'warmUpRows',
  'vectorize',
  'labels',
  'sha256',
  'parameters',
] as const;
const BATCH_KEYS = ['maxRows', 'maxDelayMs', 'coalesce', 'maxQueueRows', 'bisect'] as const;
const RUNNER_KEYS = [
  'execution',
  'threads',
  'intraOpNumThreads',
  'interOpNumThreads',
  'executionMode',
  'graphOptimizationLevel',
  'executionProviders',
  'spinning',
  'share',
  'runTimeoutMs',
] as const;
/** Known, and not for a store's file to say: whoever may write models would give them rights. */
const OPERATORS_KEYS: Readonly<Record<string, string>> = {
  trusted: 'only the operator trusts a model',
  session: 'session options may name files and libraries; only the operator sets them',
  trialTimeoutMs: "the limits of a model's trial and load are the operator's",
  loadTimeoutMs: "the limits of a model's trial and load are the operator's",
  largeBytes: 'what counts as large is for all models alike',
  circuit: 'when a failing model rests is for all models alike',
};
const MAX_RUN_MS = 600_000;

/**
 * Reads a `witan.yaml`: strictly, but for what only the operator may set, which is said to be ignored.
 * @throws {INF_ERR_MODEL_CONFIG} with the key, or with line and column
 */
export async function configFromWitanYaml(text: string, fileName = 'witan.yaml'): Promise<ParsedConfig> {
  const root = Checked.of((await readYaml(text, fileName)) ?? {}, fileName).only(KEYS);
  const ignored = new Ignored();
  const batch = root.raw('batch') === false ? false : batchOf(root.map('batch'));
  const { labels, labelFiles } = labelsOf(root.map('labels'));
  const parts = {
    maxBatchSize: batch === false ? 0 : undefined,
    batch: batch || undefined,
    versionPolicy: policyOf(root),
    runner: runnerOf(root.map('runner'), ignored),
    warmUpRows: warmUpRowsOf(root),
    aliases: aliasesOf(root.map('aliases')),
    defaultVersion: nameOf(root, 'default'),
    vectorize: fileOf(root, 'vectorize'),
    labels,
    sha256: sumsOf(root.map('sha256')),
    parameters: parametersOf(root.map('parameters')),
  };
  const given = Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));
  const config: ModelConfig = { source: 'witan.yaml', ...given, ignored: ignored.texts };
  const [name, modelFile] = [root.text('name'), fileOf(root, 'modelFile')];
  return {
    config,
    anyVersionNames: true,
    ...(name !== undefined && { name }),
    ...(modelFile && { modelFile }),
    labelFiles,
  };
}

function policyOf(root: Checked): VersionPolicy | undefined {
  const value = root.raw('versions');
  if (value === undefined) return undefined;
  if (value === 'latest') return { kind: 'latest', count: 1 };
  if (value === 'all') return { kind: 'all' };
  if (Array.isArray(value)) return { kind: 'specific', versions: versionsOf(root) };
  if (typeof value !== 'object')
    throw root.fault('versions', 'it must be latest, all, { latest: 2 } or a list of versions');
  const count = root.map('versions')!.only(['latest']).whole('latest', 1, Number.MAX_SAFE_INTEGER);
  return { kind: 'latest', count: count ?? 1 };
}

function versionsOf(root: Checked): readonly string[] {
  const versions = root.names('versions')!;
  const odd = versions.find((version) => !isSafeName(version));
  if (odd !== undefined) throw root.fault('versions', `${quoted(odd)} is no version: ${NAME_RULE}`);
  if (versions.length === 0) throw root.fault('versions', 'it names no version');
  return versions;
}

function batchOf(batch: Checked | undefined): ModelBatchOptions | undefined {
  if (!batch) return undefined;
  batch.only(BATCH_KEYS);
  const options = {
    maxRows: batch.whole('maxRows', 1, MAX_BATCH_ROWS),
    maxDelayMs: batch.number('maxDelayMs', 0, MAX_DELAY_MS),
    coalesce: batch.oneOf('coalesce', ['auto', 'off']),
    maxQueueRows: batch.whole('maxQueueRows', 1, Number.MAX_SAFE_INTEGER),
    bisect: batch.boolean('bisect'),
  };
  return withoutAbsent(options);
}

function runnerOf(runner: Checked | undefined, ignored: Ignored): RunnerOptions | undefined {
  if (!runner) return undefined;
  runner.only([...RUNNER_KEYS, ...Object.keys(OPERATORS_KEYS)]);
  for (const key of runner.keys) {
    if (Object.hasOwn(OPERATORS_KEYS, key)) ignored.add(`runner.${key}: ${OPERATORS_KEYS[key]}`);
  }
  let execution = runner.oneOf('execution', ['auto', 'inline', 'worker', 'process']);
  if (execution === 'inline') {
    ignored.add('runner.execution inline: only the operator lets a model on the main thread');
    execution = undefined;
  }
  return withoutAbsent({
    execution,
    threads: runner.whole('threads', 1, MAX_THREADS),
    intraOpNumThreads: runner.whole('intraOpNumThreads', 1, MAX_THREADS),
    interOpNumThreads: runner.whole('interOpNumThreads', 1, MAX_THREADS),
    executionMode: runner.oneOf('executionMode', ['sequential', 'parallel']),
    graphOptimizationLevel: runner.oneOf('graphOptimizationLevel', ['disabled', 'basic', 'extended', 'layout', 'all']),
    executionProviders: providersOf(runner),
    spinning: runner.boolean('spinning'),
    share: runner.oneOf('share', ['copy', 'mmap']),
    runTimeoutMs: runner.whole('runTimeoutMs', 1, MAX_RUN_MS),
  });
}

/** By name only: a provider's own options may name libraries to load. */
function providersOf(runner: Checked): readonly string[] | undefined {
  const providers = runner.names('executionProviders');
  const odd = providers?.find((name) => !/^[a-z]{1,20}$/.test(name));
  if (odd === undefined) return providers;
  throw runner.fault('executionProviders', `${quoted(odd)} is no provider: cpu, cuda, … by name`);
}

function warmUpRowsOf(root: Checked): readonly number[] | undefined {
  const rows = root.raw('warmUpRows');
  if (rows === undefined) return undefined;
  const isCount = (count: unknown): boolean =>
    Number.isInteger(count) && Number(count) >= 1 && Number(count) <= MAX_WARM_UP_ROWS;
  if (Array.isArray(rows) && rows.length <= MAX_WARM_UPS && rows.every(isCount)) {
    return [...new Set(rows as number[])].sort((a, b) => a - b);
  }
  throw root.fault(
    'warmUpRows',
    `it must be a list of at most ${MAX_WARM_UPS} row counts from 1 to ${MAX_WARM_UP_ROWS}`,
  );
}

function aliasesOf(aliases: Checked | undefined): Record<string, string> | undefined {
  return entriesOf(aliases, (alias, map) => {
    if (!isSafeName(alias)) throw map.fault(alias, `an alias is ${NAME_RULE}`);
    return nameOf(map, alias)!;
  });
}

function nameOf(map: Checked, key: string): string | undefined {
  const name = map.name(key);
  if (name === undefined || isSafeName(name)) return name;
  throw map.fault(key, `${quoted(name)} is no version: ${NAME_RULE}`);
}

function fileOf(map: Checked, key: string): string | undefined {
  const file = map.text(key);
  if (file === undefined || isSafeFile(file)) return file;
  throw map.fault(key, `${quoted(file)} is refused: a file below the model's folder, with '/' between its segments`);
}

interface Labels {
  readonly labels?: Record<string, readonly string[]>;
  readonly labelFiles: ReadonlyMap<string, string>;
}

/** For each output a file with one name a line, or the names themselves. */
function labelsOf(map: Checked | undefined): Labels {
  const labels: [string, readonly string[]][] = [];
  const labelFiles = new Map<string, string>();
  for (const output of map?.keys ?? []) {
    if (Array.isArray(map!.raw(output))) labels.push([output, map!.names(output)!]);
    else labelFiles.set(output, fileOf(map!, output)!);
  }
  return { labelFiles, ...(labels.length > 0 && { labels: Object.fromEntries(labels) }) };
}

function sumsOf(sums: Checked | undefined): Record<string, string> | undefined {
  return entriesOf(sums, (file, map) => {
    if (!isSafeFile(file)) throw map.fault(file, "it must be a file below the model's folder");
    const sum = map.text(file)?.toLowerCase() ?? '';
    if (/^[0-9a-f]{64}$/.test(sum)) return sum;
    throw map.fault(file, 'it must be 64 hexadecimal digits');
  });
}

function parametersOf(parameters: Checked | undefined): Record<string, string> | undefined {
  return entriesOf(parameters, (key, map) => {
    const value = map.raw(key);
    if (['string', 'number', 'boolean'].includes(typeof value)) return String(value);
    throw map.fault(key, 'it must be a text, a number, true or false');
  });
}

function entriesOf<T>(map: Checked | undefined, read: (key: string, map: Checked) => T): Record<string, T> | undefined {
  return map && (Object.fromEntries(map.keys.map((key) => [key, read(key, map)])) as Record<string, T>);
}

function withoutAbsent<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
