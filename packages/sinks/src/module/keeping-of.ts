import type { Clock } from '@witan/core';
import { BestEffort } from '../policy/best-effort.js';
import { DeadLetters } from '../policy/dead-letters.js';
import type { Keeping } from '../policy/keeping.js';
import { Lossless } from '../spill/lossless.js';
import { sinksError } from '../sinks.errors.js';
import type { BestEffortOptions, LosslessOptions, SinkOptions } from './sinks-options.js';

const MIB = 1 << 20;
const MAX_WRITERS = 64;
/** A timer of more fires at once. */
export const MAX_MS = 2 ** 31 - 1;

interface Surroundings {
  readonly clock: Clock;
  readonly random: () => number;
}

/**
 * The policy of one sink.
 * @throws {SINK_ERR_OPTIONS}
 */
export function keepingOf(name: string, options: SinkOptions, surroundings: Surroundings): Keeping {
  check(name, options);
  return options.policy === 'lossless'
    ? losslessOf(name, options, surroundings)
    : bestEffortOf(name, options, surroundings);
}

function commonOf(name: string, options: SinkOptions, { clock, random }: Surroundings) {
  const { to: sink, writers = 1, key = 'request', batchRecords = 500, batchMs = 200 } = options;
  const { timeoutMs = 30_000, retry = {} } = options;
  return { name, sink, clock, random, writers, key, batchRecords, batchMs, timeoutMs, retry };
}

function bestEffortOf(name: string, options: BestEffortOptions, surroundings: Surroundings): Keeping {
  const { maxRecords = 10_000, maxBytes = 64 * MIB, attempts = 5, deadLetterFile: file } = options;
  const deadLetters = file === undefined ? undefined : new DeadLetters(file, options.maxDeadLetterBytes ?? 64 * MIB);
  return new BestEffort({ ...commonOf(name, options, surroundings), maxRecords, maxBytes, attempts, deadLetters });
}

function losslessOf(name: string, options: LosslessOptions, surroundings: Surroundings): Keeping {
  const { fsync = 'never', fsyncMs = 1_000 } = options;
  return new Lossless({
    ...commonOf(name, options, surroundings),
    folder: options.folder,
    onFull: options.onFull ?? 'shed',
    fsyncMs: fsync === 'interval' ? fsyncMs : undefined,
    maxSpillBytes: options.maxSpillBytes ?? 4_096 * MIB,
    segmentBytes: options.segmentBytes ?? 16 * MIB,
    maxRecordBytes: options.maxRecordBytes ?? 8 * MIB,
    maxBlockedBytes: options.maxBlockedBytes ?? 16 * MIB,
    deadLetterFile: options.deadLetterFile,
    maxDeadLetterBytes: options.maxDeadLetterBytes ?? 64 * MIB,
  });
}

const MAY_BE_ZERO: ReadonlySet<string> = new Set(['batchMs', 'firstMs', 'maxMs']);

function check(name: string, options: SinkOptions): void {
  const refuse = (why: string): never => {
    throw sinksError('SINK_ERR_OPTIONS', `sink '${name}': ${why}`);
  };
  if (typeof options?.to?.write !== 'function') refuse("'to' is no destination: it has no write()");
  const policy: unknown = options.policy ?? 'best-effort';
  if (policy !== 'best-effort' && policy !== 'lossless')
    refuse(`policy is '${String(policy)}': best-effort or lossless`);
  if (options.policy === 'lossless' && !options.folder) refuse('a lossless sink needs a folder');
  if ((options.writers ?? 1) > MAX_WRITERS) refuse(`writers is ${options.writers}: at most ${MAX_WRITERS}`);
  checkChoices(options, refuse);
  for (const [option, value] of Object.entries({ ...options.retry, ...options })) {
    if (!/Ms$|Bytes$|Records$|^writers$|^attempts$/.test(option) || value === undefined) continue;
    const least = MAY_BE_ZERO.has(option) ? 0 : 1;
    if (typeof value !== 'number' || !(value >= least)) refuse(`${option} is ${String(value)}: at least ${least}`);
    if (/Ms$/.test(option) && (value as number) > MAX_MS) refuse(`${option} is ${String(value)}: at most ${MAX_MS}`);
    if (/Records$|^writers$/.test(option) && !Number.isInteger(value)) refuse(`${option} is no whole number`);
  }
}

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  onFull: ['shed', 'block'],
  fsync: ['never', 'interval'],
};

function checkChoices(options: SinkOptions, refuse: (why: string) => never): void {
  for (const [option, choices] of Object.entries(CHOICES)) {
    const value = (options as unknown as Record<string, unknown>)[option];
    if (value !== undefined && !choices.includes(value as string))
      refuse(`${option} is '${String(value)}': ${choices.join(' or ')}`);
  }
  const { key = 'request' } = options as { key?: unknown };
  if (key !== 'request' && typeof (key as { column?: unknown } | null)?.column !== 'string')
    refuse(`key is '${String(key)}': 'request' or { column: NAME }`);
}
