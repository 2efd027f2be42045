import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { WitanApplication } from '@witan/core';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { type Tool, tritonClient } from '../harness/foreign-tools.js';
import { ROOT } from '../harness/repository.js';
import { servedFixtures } from './served-fixtures.js';

const run = promisify(execFile);

interface Listed {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly values: readonly (readonly (number | string)[])[];
}

interface Seen {
  readonly live: boolean;
  readonly ready: boolean;
  readonly model_ready: boolean;
  readonly unknown_ready: boolean;
  readonly metadata: object;
  readonly model_metadata: object;
  readonly config: object;
  readonly identities: Readonly<Record<string, boolean>>;
  readonly default: { readonly answer: object; readonly output: Listed };
  readonly chosen: readonly string[];
  readonly classes: Listed;
  readonly compressed: object;
  readonly statistics: { readonly model_stats: readonly object[] };
  readonly trace: object;
  readonly log: object;
  readonly index: readonly { readonly name: string; readonly state: string }[];
  readonly loaded: boolean;
  readonly refused: Readonly<Record<string, readonly [string, string]>>;
}

describe.each(['sync', 'aio'])('tritonclient.http (%s)', (kind) => {
  let application: WitanApplication;
  let tool: Tool;
  let seen: Seen;

  beforeAll(async () => {
    tool = await tritonClient();
    if ('missing' in tool) return;
    const served = await servedFixtures();
    ({ application } = served);
    const script = join(ROOT, 'test/clients/oip_http_client.py');
    const { stdout } = await run(tool.path, [script, served.http, kind], { maxBuffer: 1 << 26 });
    seen = JSON.parse(stdout) as Seen;
  });
  afterAll(() => application?.close());

  /** A check that is skipped where there is no client. */
  const check = (name: string, test: () => void): void =>
    it(name, (context: TestContext) => {
      if ('missing' in tool) context.skip(tool.missing);
      test();
    });

  check('health, metadata and configuration', () => {
    expect(seen).toMatchObject({ live: true, ready: true, model_ready: true, unknown_ready: false });
    expect(seen.metadata).toMatchObject({
      name: 'fixtures',
      extensions: expect.arrayContaining(['binary_tensor_data']),
    });
    expect(seen.model_metadata).toMatchObject({ name: 'iris', inputs: [{ name: 'X', shape: [-1, 3] }] });
    expect(seen.config).toMatchObject({ name: 'iris', max_batch_size: 64 });
  });

  check('every datatype there and back, as bytes and in JSON', () => {
    const wrong = Object.entries(seen.identities).filter(([, same]) => !same);
    expect(wrong).toEqual([]);
    expect(Object.keys(seen.identities)).toHaveLength(25);
  });

  check('its default call: inputs and outputs as bytes', () => {
    const { answer, output } = seen.default;
    expect(answer).toMatchObject({ id: 'r1', model_name: 'iris', model_version: '1' });
    expect(output).toMatchObject({ dtype: 'float32', shape: [2, 1] });
    expect(output.values[0]![0]).toBeCloseTo(5.03, 1);
  });

  check('outputs that are asked for, and classes', () => {
    expect(seen.chosen).toEqual(['label']);
    expect(seen.classes.shape).toEqual([1, 2]);
    expect(seen.classes.values[0]![0]).toMatch(/^0\.98\d{4}:0$/);
  });

  check('compressed both ways', () => {
    expect(seen.compressed).toEqual({ gzip: [[1, 5000], 9998], deflate: [[1, 5000], 9998] });
  });

  check('statistics, repository and settings', () => {
    expect(seen.statistics.model_stats).toMatchObject([
      { name: 'iris', inference_count: 2, execution_count: 1, inference_stats: { success: { count: 1 } } },
    ]);
    expect(seen.index.find(({ name }) => name === 'w1')).toMatchObject({ state: 'UNAVAILABLE', reason: 'unloaded' });
    expect(seen.index.find(({ name }) => name === 'iris')).toMatchObject({ state: 'READY', version: '1' });
    expect(seen.loaded).toBe(true);
    expect(seen.trace).toMatchObject({ trace_level: ['OFF'] });
    expect(seen.log).toHaveProperty('log_error');
  });

  check('errors with their status and text', () => {
    expect(seen.refused).toEqual({
      model: ['404', "Request for unknown model: 'nope' is not found"],
      shape: [
        '400',
        expect.stringContaining("unexpected shape for input 'X' for model 'iris'. Expected [-1,3], got [2,2]"),
      ],
      datatype: ['400', expect.stringContaining("data-type is 'FP64', but model 'iris' expects 'FP32'")],
      name: ['400', "unexpected inference input 'Y' for model 'iris'"],
      sequence: ['501', expect.stringContaining('sequence')],
      load: ['404', expect.stringContaining("failed to load 'nope'")],
      shared_memory: ['501', 'shared memory is not supported'],
    });
  });
});
