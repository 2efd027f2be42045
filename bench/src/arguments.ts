import { parseArgs } from 'node:util';
import type { Effort } from './suites/suite.js';

/** What the command line asked for. */
export interface Arguments {
  readonly effort: Effort;
  /** Names of suites, or beginnings of names; none: all that do not have to be asked for. */
  readonly suites: readonly string[];
  readonly json: boolean;
  readonly list: boolean;
}

const QUICK = { rounds: 3, seconds: 1 };
const FULL = { rounds: 9, seconds: 3 };
const SOAK_MINUTES = 10;

/** @throws {TypeError} for an option that there is not, or a value that is no number */
export function parseArguments(args: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      suite: { type: 'string', multiple: true, default: [] },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      minutes: { type: 'string' },
      profile: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
    },
  });
  const base = values.quick ? QUICK : FULL;
  const effort = {
    quick: values.quick,
    profile: values.profile,
    rounds: positive('rounds', values.rounds, base.rounds),
    seconds: positive('seconds', values.seconds, base.seconds),
    minutes: positive('minutes', values.minutes, SOAK_MINUTES),
  };
  return { effort, suites: values.suite.flatMap((names) => names.split(',')), json: values.json, list: values.list };
}

function positive(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (value > 0) return value;
  throw new TypeError(`--${name} is ${text}: give a number above 0`);
}
