import { type KeySource, keySourceOf } from './assign/key-source.js';
import { type Ramp, rampOf } from './assign/ramp.js';
import { fullWeights } from './assign/weights.js';
import { experimentError } from './experiment.errors.js';
import type { ExperimentOptions, ModelReference, RampOptions } from './experiment-options.js';

/** A model as `iris@3` names it. */
export interface NamedModel {
  readonly model: string;
  /** A version or an alias; `undefined`: the one that answers requests that name none. */
  readonly version: string | undefined;
}

export interface VariantPlan extends NamedModel {
  readonly name: string;
}

export interface ShadowPlan extends NamedModel {
  /** As it was written. */
  readonly name: string;
  readonly sample: number;
}

/** What {@link ShadowLimits} says, with its defaults. */
export interface ShadowRules {
  readonly maxQueue: number;
  readonly maxQueueBytes: number;
  readonly maxRows: number;
  readonly maxAgeMs: number;
  readonly absolute: number;
  readonly relative: number;
}

export interface OutcomeRules {
  readonly maxUnits: number;
  readonly windowMs: number;
  readonly metrics: readonly string[] | undefined;
}

/** An experiment whose options make sense, with their defaults. */
export interface ExperimentPlan {
  readonly name: string;
  readonly variants: readonly VariantPlan[];
  readonly names: readonly string[];
  /** By its place among the variants. */
  readonly control: number;
  /** By the order of the variants; they sum to 1. */
  readonly weights: readonly number[];
  readonly ramp: Ramp | undefined;
  /** `undefined`: every request for itself. */
  readonly key: KeySource | undefined;
  readonly keyText: string;
  readonly missingKey: 'request' | 'control';
  readonly salt: string;
  readonly shadows: readonly ShadowPlan[];
  readonly shadowRules: ShadowRules;
  readonly allowForced: boolean;
  readonly reveal: boolean;
  readonly exposures: string | object | undefined;
  readonly exposedKey: 'hash' | 'plain';
  readonly outcomes: OutcomeRules;
}

const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;
const OPTIONS: ReadonlySet<string> = new Set<keyof ExperimentOptions>([
  'variants',
  'control',
  'key',
  'missingKey',
  'salt',
  'shadow',
  'shadowLimits',
  'ramp',
  'allowForced',
  'reveal',
  'exposures',
  'exposedKey',
  'outcomes',
]);
const RAMP_KEYS: readonly (keyof RampOptions)[] = ['variant', 'from', 'to', 'start', 'durationMs', 'steps'];
const MAX_VARIANTS = 32;
const MAX_SHADOWS = 8;
const DAY_MS = 86_400_000;
const SHADOW_DEFAULTS: ShadowRules = {
  maxQueue: 256,
  maxQueueBytes: 64 * 1024 * 1024,
  maxRows: 64,
  maxAgeMs: 5_000,
  absolute: 1e-6,
  relative: 1e-5,
};
const OUTCOME_DEFAULTS: OutcomeRules = { maxUnits: 50_000, windowMs: DAY_MS, metrics: undefined };

/** @throws {INF_ERR_EXPERIMENT_OPTIONS} naming what is wrong, and what would be right */
export function experimentPlanOf(name: string, options: ExperimentOptions): ExperimentPlan {
  const refuse = refusalOf(name);
  if (!NAME.test(name)) refuse('a name has at most 64 letters, digits, dots, dashes and underscores');
  if (!isObject(options) || !isObject(options.variants)) refuse('give it variants, such as { control: "iris@3" }');
  for (const key of Object.keys(options)) if (!OPTIONS.has(key)) refuse(`'${key}' is no option of an experiment`);
  const variants = Object.entries(options.variants).map(([variant, given]) => variantOf(variant, given, refuse));
  const names = variants.map((variant) => variant.name);
  if (names.length < 1 || names.length > MAX_VARIANTS)
    refuse(`it has ${names.length} variants: give 1 to ${MAX_VARIANTS}`);
  const weights = fullWeights(name, names, givenWeights(options));
  const control = controlOf(options.control, names, refuse);
  const key = options.key ?? 'request';
  return {
    name,
    variants,
    names,
    control,
    weights,
    ramp: options.ramp && checkedRamp(name, options.ramp, names, weights, control),
    key: keySourceOf(name, key),
    keyText: key,
    missingKey: oneOf('missingKey', options.missingKey ?? 'request', ['request', 'control'], refuse),
    salt: textOr('salt', options.salt ?? name, refuse),
    shadows: shadowsOf(options.shadow ?? [], refuse),
    shadowRules: numbersOf('shadowLimits', SHADOW_DEFAULTS, options.shadowLimits ?? {}, refuse),
    allowForced: flagOf('allowForced', options.allowForced ?? false, refuse),
    reveal: flagOf('reveal', options.reveal ?? false, refuse),
    exposures: isObject(options.exposures) ? options.exposures : optionalText('exposures', options.exposures, refuse),
    exposedKey: oneOf('exposedKey', options.exposedKey ?? 'hash', ['hash', 'plain'], refuse),
    outcomes: outcomesOf(options.outcomes ?? {}, refuse),
  };
}

/** A ramp of one of the variants; the control has what the others leave. @throws {INF_ERR_EXPERIMENT_OPTIONS} */
export function checkedRamp(
  experiment: string,
  given: NonNullable<ExperimentOptions['ramp']>,
  names: readonly string[],
  weights: readonly number[],
  control: number,
): Ramp {
  const refuse = refusalOf(experiment);
  if (!isObject(given)) refuse('ramp is an object: { variant, to, start, durationMs }');
  onlyKeys('ramp', given, RAMP_KEYS, refuse);
  const variant = names.indexOf(given.variant);
  if (variant < 0 || variant === control)
    refuse(`ramp.variant is ${shown(given.variant)}: name a variant that is not the control`);
  const ramp = rampOf(experiment, given, () => weights[variant]!);
  const room = weights[variant]! + weights[control]!;
  if (Math.max(ramp.from, ramp.to) > room + 1e-9)
    refuse(`ramp goes to ${Math.max(ramp.from, ramp.to)}: the other variants leave ${Number(room.toPrecision(6))}`);
  return ramp;
}

type Refuse = (what: string) => never;

function refusalOf(name: string): Refuse {
  return (what) => {
    throw experimentError('INF_ERR_EXPERIMENT_OPTIONS', `experiment '${String(name).slice(0, 64)}': ${what}`);
  };
}

function variantOf(name: string, given: unknown, refuse: Refuse): VariantPlan {
  if (!NAME.test(name)) refuse(`'${name.slice(0, 64)}' cannot be a variant's name: letters, digits, '.', '-', '_'`);
  const model = isObject(given) ? given['model'] : given;
  if (isObject(given)) onlyKeys(`variant '${name}'`, given, ['model', 'weight'], refuse);
  return { name, ...referenceOf(model, `variant '${name}'`, refuse) };
}

function givenWeights({ variants }: ExperimentOptions): Map<string, number> {
  const given = new Map<string, number>();
  for (const [name, variant] of Object.entries(variants))
    if (isObject(variant) && variant['weight'] !== undefined) given.set(name, variant['weight'] as number);
  return given;
}

function controlOf(given: string | undefined, names: readonly string[], refuse: Refuse): number {
  if (given === undefined) return Math.max(0, names.indexOf('control'));
  const place = names.indexOf(given);
  return place >= 0 ? place : refuse(`control is ${shown(given)}: there are ${names.join(', ')}`);
}

function shadowsOf(given: unknown, refuse: Refuse): ShadowPlan[] {
  if (!Array.isArray(given) || given.length > MAX_SHADOWS)
    return refuse(`shadow is a list of up to ${MAX_SHADOWS} models`);
  return given.map((each: unknown) => {
    const model = isObject(each) ? each['model'] : each;
    if (isObject(each)) onlyKeys('a shadow', each, ['model', 'sample'], refuse);
    const sample = isObject(each) ? (each['sample'] ?? 1) : 1;
    if (!(typeof sample === 'number' && sample >= 0 && sample <= 1))
      refuse(`the sample of a shadow is ${shown(sample)}: give a share from 0 to 1`);
    return { name: String(model), sample: sample as number, ...referenceOf(model, 'a shadow', refuse) };
  });
}

function referenceOf(text: unknown, what: string, refuse: Refuse): NamedModel {
  const [, model, version] = /^(.+?)(?:@([^@]+))?$/s.exec(typeof text === 'string' ? text : '') ?? [];
  if (model === undefined) return refuse(`the model of ${what} is ${shown(text)}: write it as 'iris@3' or 'iris'`);
  return { model, version: version === 'latest' ? undefined : (version satisfies ModelReference | undefined) };
}

function outcomesOf(given: object, refuse: Refuse): OutcomeRules {
  if (!isObject(given)) return refuse('outcomes is an object: { maxUnits, windowMs, metrics }');
  const { metrics, ...numbers } = given as { metrics?: unknown };
  const isList = Array.isArray(metrics) && metrics.length <= 32 && metrics.every((name) => NAME.test(String(name)));
  if (metrics !== undefined && !isList) refuse('outcomes.metrics is a list of up to 32 names');
  const { maxUnits, windowMs } = OUTCOME_DEFAULTS;
  return {
    ...numbersOf('outcomes', { maxUnits, windowMs }, numbers, refuse),
    metrics: metrics as string[] | undefined,
  };
}

function numbersOf<T extends object>(where: string, defaults: T, given: object, refuse: Refuse): T {
  if (!isObject(given)) return refuse(`${where} is an object`);
  onlyKeys(where, given, Object.keys(defaults), refuse);
  const said = Object.entries(given).filter(([, value]) => value !== undefined);
  for (const [key, value] of said) {
    const isTolerance = key === 'absolute' || key === 'relative';
    const fits = isTolerance
      ? Number.isFinite(value) && Number(value) >= 0
      : Number.isSafeInteger(value) && Number(value) >= 1;
    if (!fits)
      refuse(`${where}.${key} is ${shown(value)}: give a ${isTolerance ? 'number from 0' : 'whole number from 1'} on`);
  }
  return { ...defaults, ...Object.fromEntries(said) };
}

function onlyKeys(where: string, given: object, known: readonly string[], refuse: Refuse): void {
  const strange = Object.keys(given).find((key) => !known.includes(key));
  if (strange !== undefined) refuse(`${where} has no '${strange.slice(0, 64)}': it has ${known.join(', ')}`);
}

function oneOf<T extends string>(key: string, value: T, known: readonly T[], refuse: Refuse): T {
  return known.includes(value) ? value : refuse(`${key} is ${shown(value)}: write ${known.join(' or ')}`);
}

function flagOf(key: string, value: unknown, refuse: Refuse): boolean {
  return typeof value === 'boolean' ? value : refuse(`${key} is ${shown(value)}: write true or false`);
}

function textOr(key: string, value: unknown, refuse: Refuse): string {
  return typeof value === 'string' && value !== '' && value.length <= 255
    ? value
    : refuse(`${key} is ${shown(value)}: write a text of up to 255 characters`);
}

function optionalText(key: string, value: unknown, refuse: Refuse): string | undefined {
  return value === undefined ? undefined : textOr(key, value, refuse);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 64) ?? 'missing';
}
