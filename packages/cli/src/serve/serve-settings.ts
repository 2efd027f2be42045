import { resolve } from 'node:path';
import type { Access } from '@witan/core';
import { CommandError } from '../terminal.js';
import { bytes, count, duration, listenTarget, oneOf } from '../settings/quantities.js';

export const LOG_LEVELS = ['error', 'warn', 'log', 'debug', 'verbose'] as const;
export type ServeLogLevel = (typeof LOG_LEVELS)[number];

const ACCESS: readonly Access[] = ['open', 'predict', 'control'];

/** Everything that `witan serve` can be told; what is absent has its default. */
export interface ServeSettings {
  readonly store?: string;
  readonly name?: string;
  readonly http?: number | string | false;
  readonly grpc?: number | string | false;
  readonly host?: string;
  readonly watch?: boolean;
  readonly poll?: number;
  readonly lazy?: boolean;
  readonly maxModels?: number;
  readonly maxBytes?: number;
  readonly cacheDir?: string;
  readonly trusted?: boolean;
  readonly trialTimeout?: number;
  readonly state?: string;
  readonly modelControl?: boolean;
  readonly adminKeyFile?: string;
  readonly apiKeyFile?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly mtlsCa?: string;
  readonly metrics?: boolean;
  readonly metricsAccess?: Access;
  readonly summary?: boolean;
  readonly summaryBaselines?: string;
  readonly processes?: number | 'auto';
  readonly logLevel?: ServeLogLevel;
  readonly quiet?: boolean;
  /** By name, as `ExperimentModule.forRoot` takes them. */
  readonly experiments?: Readonly<Record<string, unknown>>;
}

/** Where a setting was given: for messages, and what its paths are relative to. */
export interface Place {
  readonly where: string;
  readonly folder: string;
}

interface Setting {
  /** What follows the flag; absent: it is a switch. */
  readonly value?: string;
  readonly help: string;
  /** A switch that is on unless `--no-…` is given. */
  readonly isOn?: boolean;
  /** There is no flag: it stands in a configuration file. */
  readonly isOnlyInFile?: boolean;
  read?(text: string, place: Place): unknown;
  /** Of what is no single value. */
  readTree?(tree: unknown, place: Place): unknown;
}

const text = (given: string, { where }: Place): string => {
  if (given !== '' && !given.includes('\0')) return given;
  throw new CommandError(`${where}: give a text that is not empty`);
};
const path = (given: string, place: Place): string => resolve(place.folder, text(given, place));
const storeOf = (given: string, place: Place): string => (isUrl(given) ? given : path(given, place));

/** By the setting's name; the flag and the key in a configuration file are that name with dashes. */
export const SERVE_SETTINGS: Readonly<Record<keyof ServeSettings, Setting>> = {
  store: {
    value: '<where>',
    help: 'only in a configuration file: the models, where none are named',
    isOnlyInFile: true,
    read: storeOf,
  },
  name: { value: '<name>', help: "a single file's model is called so (default: the file's name)", read: text },
  http: {
    value: '<port|path|off>',
    help: 'HTTP (default: 3000; 0: any free port)',
    read: (given, { where }) => listenTarget(given, where),
  },
  grpc: {
    value: '<port|path|off>',
    help: 'gRPC (default: 5000; 0: any free port)',
    read: (given, { where }) => listenTarget(given, where),
  },
  host: { value: '<address>', help: 'the address to bind (default: 0.0.0.0, every network)', read: text },
  watch: { isOn: true, help: 'do not look for new models and versions; witan models refresh still does' },
  poll: {
    value: '<duration>',
    help: 'how often to look for new models and versions (default: 10s)',
    read: (given, { where }) => duration(given, where),
  },
  lazy: { help: 'load each model when it is first used, not at the start' },
  maxModels: {
    value: '<n>',
    help: 'models loaded at once; the least recently used make room (default: 128)',
    read: (given, { where }) => count(given, where, 1_000_000),
  },
  maxBytes: {
    value: '<size>',
    help: "bytes of all loaded models' files: 8GiB (default: no limit)",
    read: (given, { where }) => bytes(given, where),
  },
  cacheDir: {
    value: '<folder>',
    help: 'where files of remote stores are kept (default: ~/.cache/witan/models)',
    read: path,
  },
  trusted: { help: 'skip the trial of each model in a process of its own: for files that only you can write' },
  trialTimeout: {
    value: '<duration>',
    help: 'for loading and warming up a model in its trial (default: 30s)',
    read: (given, { where }) => duration(given, where),
  },
  state: { value: '<file>', help: 'keep aliases and rollbacks there over a restart', read: path },
  modelControl: { help: 'take calls that change which models are served, from this machine' },
  adminKeyFile: {
    value: '<file>',
    help: 'those calls need a key of this file (name:key lines), from anywhere',
    read: path,
  },
  apiKeyFile: { value: '<file>', help: 'predictions need a key of this file (name:key lines)', read: path },
  tlsCert: { value: '<file>', help: "TLS on both ports: the server's certificate, PEM", read: path },
  tlsKey: { value: '<file>', help: 'its private key, PEM', read: path },
  mtlsCa: { value: '<file>', help: 'clients need a certificate that this one signed, PEM', read: path },
  metrics: { help: 'GET /metrics for a Prometheus server' },
  metricsAccess: {
    value: '<who>',
    help: `who may scrape it: ${ACCESS.join(', ')} (default: open, anyone who reaches the port)`,
    read: (given, { where }) => oneOf(given, where, ACCESS),
  },
  summary: { help: 'GET /models/NAME/summary: what models are given and answer, column by column' },
  summaryBaselines: {
    value: '<dir>',
    help: 'what summaries are compared with: NAME.json or NAME.arrow for each model',
    read: path,
  },
  processes: {
    value: '<n|auto>',
    help: 'server processes that share the ports (default: 1; auto: one for each CPU)',
    read: (given, { where }) => (given === 'auto' ? 'auto' : count(given, where, 1024)),
  },
  logLevel: {
    value: '<level>',
    help: `${LOG_LEVELS.join(', ')} (default: log)`,
    read: (given, { where }) => oneOf(given, where, LOG_LEVELS),
  },
  quiet: { help: 'no banner, and only errors in the log' },
  experiments: {
    help: 'only in a configuration file: experiments by name; see docs/guide/experiments.md',
    isOnlyInFile: true,
    readTree: (tree, { where }) => {
      if (typeof tree === 'object' && tree !== null && !Array.isArray(tree)) return tree;
      throw new CommandError(`${where}: write a name, and below it variants and key`);
    },
  },
};

export const SETTING_NAMES = Object.keys(SERVE_SETTINGS) as (keyof ServeSettings)[];

/** `maxModels` as flags and files write it: `max-models`. */
export function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

export function isUrl(store: string): boolean {
  // One letter and a colon is a drive of Windows.
  return /^[A-Za-z][A-Za-z0-9+.-]+:/.test(store);
}
