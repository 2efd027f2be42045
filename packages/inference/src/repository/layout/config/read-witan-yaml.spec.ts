import { WitanError } from '@witan/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configFromWitanYaml } from './read-witan-yaml.js';

const SUM = 'ab'.repeat(32);
const FULL = `
name: iris
modelFile: net.onnx
versions: { latest: 2 }
aliases: { champion: 3, canary: v4 }
default: champion
batch: { maxRows: 32, maxDelayMs: 0.5, coalesce: 'off', maxQueueRows: 500, bisect: false }
runner:
  execution: process
  threads: 2
  intraOpNumThreads: 4
  interOpNumThreads: 1
  executionMode: sequential
  graphOptimizationLevel: basic
  executionProviders: [cpu]
  spinning: true
  share: mmap
  runTimeoutMs: 5000
warmUpRows: [16, 1, 16]
vectorize: features/vectorize.json
labels:
  class: labels/class.txt
  kind: [small, large, 3]
sha256:
  3/net.onnx: ${SUM.toUpperCase()}
parameters: { team: risk, level: 3, strict: true }
`;

const config = async (text: string) => (await configFromWitanYaml(text)).config;

describe('witan.yaml', () => {
  it('is read, all of it', async () => {
    const parsed = await configFromWitanYaml(FULL);
    expect(parsed).toMatchObject({ name: 'iris', modelFile: 'net.onnx', anyVersionNames: true });
    expect([...parsed.labelFiles]).toEqual([['class', 'labels/class.txt']]);
    expect(parsed.config).toEqual({
      source: 'witan.yaml',
      versionPolicy: { kind: 'latest', count: 2 },
      aliases: { champion: '3', canary: 'v4' },
      defaultVersion: 'champion',
      batch: { maxRows: 32, maxDelayMs: 0.5, coalesce: 'off', maxQueueRows: 500, bisect: false },
      runner: {
        execution: 'process',
        threads: 2,
        intraOpNumThreads: 4,
        interOpNumThreads: 1,
        executionMode: 'sequential',
        graphOptimizationLevel: 'basic',
        executionProviders: ['cpu'],
        spinning: true,
        share: 'mmap',
        runTimeoutMs: 5000,
      },
      warmUpRows: [1, 16],
      vectorize: 'features/vectorize.json',
      labels: { kind: ['small', 'large', '3'] },
      sha256: { '3/net.onnx': SUM },
      parameters: { team: 'risk', level: '3', strict: 'true' },
      ignored: [],
    });
  });

  it.each([
    ['versions: all', { versionPolicy: { kind: 'all' } }],
    ['versions: latest', { versionPolicy: { kind: 'latest', count: 1 } }],
    ['versions: [1, v2, "1.10"]', { versionPolicy: { kind: 'specific', versions: ['1', 'v2', '1.10'] } }],
    ['batch: false', { maxBatchSize: 0 }],
    ['default: 7', { defaultVersion: '7' }],
    ['', {}],
    ['# nothing', {}],
  ])('reads %j', async (text, expected) => {
    expect(await config(text)).toEqual({ source: 'witan.yaml', ...expected, ignored: [] });
  });

  it('cannot give a model rights: what only the operator may say is ignored', async () => {
    const { runner, ignored } = await config(`
runner: { trusted: true, execution: inline, session: { optimizedModelFilePath: /etc/x }, loadTimeoutMs: 1, trialTimeoutMs: 9, threads: 2 }`);
    expect(runner).toEqual({ threads: 2 });
    expect(ignored.map((text) => text.split(':')[0])).toEqual([
      'runner.trusted',
      'runner.session',
      'runner.loadTimeoutMs',
      'runner.trialTimeoutMs',
      'runner.execution inline',
    ]);
  });

  it.each([
    ['verions: all', "witan.yaml: verions: there is no such key; did you mean 'versions'?"],
    ['batch: { maxrows: 3 }', "batch.maxrows: there is no such key; did you mean 'maxRows'?"],
    ['runner: { thread: 3 }', "runner.thread: there is no such key; did you mean 'threads'?"],
    ['zzz: 1', 'witan.yaml: zzz: there is no such key. Known are: name, '],
    ['versions: newest', 'versions: it must be latest, all, { latest: 2 } or a list'],
    ['versions: { latest: 0 }', 'versions.latest: it must be a whole number from 1'],
    ['versions: []', 'versions: it names no version'],
    ['versions: [1.10]', 'versions: it must be a list of names (in quotes'],
    ['versions: ["../1"]', 'versions: "../1" is no version'],
    ['aliases: { "a/b": 1 }', 'aliases.a/b: an alias is'],
    ['aliases: { champion: "../../x" }', 'aliases.champion: "../../x" is no version'],
    ['default: 1.5', 'default: it must be a name (in quotes'],
    ['batch: { maxRows: 0 }', 'batch.maxRows: it must be a whole number from 1 to 8192, not "0"'],
    ['batch: { maxDelayMs: -1 }', 'batch.maxDelayMs: it must be a number'],
    ['batch: { maxDelayMs: .nan }', 'batch.maxDelayMs: it must be a number'],
    ['batch: true', 'batch: it must be a mapping'],
    ['runner: { threads: 100000 }', 'runner.threads: it must be a whole number from 1 to 256'],
    ['runner: { execution: thread }', 'runner.execution: it must be one of auto, inline, worker, process'],
    ['runner: { executionProviders: ["../x.so"] }', 'runner.executionProviders: "../x.so" is no provider'],
    [
      'runner: { executionProviders: [{ name: tensorrt, lib: x.so }] }',
      'runner.executionProviders: it must be a list of names',
    ],
    ['warmUpRows: [1000000000]', 'warmUpRows: it must be a list of at most 16 row counts from 1 to 8192'],
    ['vectorize: ../../etc/passwd', 'vectorize: "../../etc/passwd" is refused'],
    ['vectorize: /etc/passwd', 'vectorize: "/etc/passwd" is refused'],
    ['vectorize: .git/config', 'vectorize: ".git/config" is refused'],
    ['modelFile: ..\\x', 'modelFile: '],
    ['labels: { y: ../labels.txt }', 'labels.y: "../labels.txt" is refused'],
    ['sha256: { 1/model.onnx: abc }', 'sha256.1/model.onnx: it must be 64 hexadecimal digits'],
    ['sha256: { ../x: abc }', "it must be a file below the model's folder"],
    ['- 1', 'it must be a mapping (name: value), not "[1]"'],
    ['just a text', 'it must be a mapping'],
    ['a: b: c', 'witan.yaml:1:5: '],
    ['versions: all\nversions: latest', 'witan.yaml:2:1: duplicated mapping key'],
    ['name: !!js/function "x"', 'unknown tag'],
    ['name: a\n---\nname: b', 'witan.yaml: expected a single document'],
    ['\0', 'witan.yaml:1:1: null byte'],
    [`batch: ${'['.repeat(5000)}`, 'witan.yaml:'],
    ['parameters: &a { b: *a }', 'more than 20 levels'],
    [
      `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghij'].map((key, i) => `${key}: &${key} [${`*${'abcdefghij'[i]},`.repeat(9)}]`).join('\n')}`,
      'more than 100000 values',
    ],
  ])('refuses %.60j', async (text, message) => {
    await expect(config(text)).rejects.toMatchObject({
      code: 'INF_ERR_MODEL_CONFIG',
      message: expect.stringContaining(message) as string,
    });
  });

  it('gives a configuration or its own error for any change of a valid file', async () => {
    const change = fc.tuple(
      fc.nat(FULL.length),
      fc.nat(20),
      fc.constantFrom('', '{', '*a', '&a', '"', '[', ': ', '- ', '0', '\n', '\t', '? ', '!x ', '\0'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const text = changes.reduce((all, [at, cut, put]) => all.slice(0, at) + put + all.slice(at + cut), FULL);
        const outcome = await config(text).catch((error: unknown) => error);
        if (outcome instanceof Error) expect(WitanError.is(outcome) && outcome.code).toBe('INF_ERR_MODEL_CONFIG');
        else expect(outcome).toMatchObject({ source: 'witan.yaml' });
      }),
      { numRuns: 1000 },
    );
  });
});
