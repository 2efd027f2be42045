import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { WitanApplication } from '@witan/core';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { schemathesis, type Tool } from '../harness/foreign-tools.js';
import { servedFixtures } from './served-fixtures.js';

const run = promisify(execFile);

const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'unsupported_method',
  'allow_header_conformance',
];
const DOCUMENTS = [
  '',
  ...['iris', 'iris-classifier', 'mixed-strings', 'two-inputs', 'identity-i64', 'identity-bool'].map(
    (model) => `/models/${model}`,
  ),
];

describe('schemathesis on the published documents', () => {
  let application: WitanApplication;
  let address: string;
  let tool: Tool;
  let folder: string;

  beforeAll(async () => {
    tool = await schemathesis();
    folder = await mkdtemp(join(tmpdir(), 'witan-schemathesis-'));
    ({ application, http: address } = await servedFixtures());
  });
  afterAll(async () => {
    await application?.close();
    await rm(folder, { recursive: true });
  });

  const pathOf = (context: TestContext): string => {
    if ('missing' in tool) context.skip(tool.missing);
    return (tool as { path: string }).path;
  };

  it.for(DOCUMENTS)(
    '/v2%s/docs/dataplane.json: no failure of the server, and answers as described',
    async (path, context) => {
      const program = pathOf(context);
      const args = ['--checks', CHECKS.join(), '--max-examples', '60', '--seed', '7', '--generation-database', 'none'];
      const url = `http://${address}/v2${path}/docs/dataplane.json`;
      const phases = ['--phases', 'examples,coverage,fuzzing', '--warnings', 'off', '--no-color'];
      // It finds the models' names and unloads them; then 503 is the right answer.
      const left = ['--exclude-path-regex', '/unload$'];
      const result = await run(program, ['run', url, ...args, ...phases, ...left], {
        cwd: folder,
        maxBuffer: 1 << 26,
      }).catch((error: { stdout?: string; stderr?: string }) => ({
        stdout: `FAILED ${error.stdout ?? ''}${error.stderr ?? ''}`,
      }));
      expect(result.stdout).not.toContain('FAILED');
      expect(result.stdout).toContain('No issues found');
    },
  );

  it('got as far as the models', async (context) => {
    pathOf(context);
    const answer = await fetch(`http://${address}/v2/models/stats`);
    const stats = (await answer.json()) as { model_stats: { name: string; inference_count: number }[] };
    const counts = Object.fromEntries(stats.model_stats.map(({ name, inference_count: count }) => [name, count]));
    expect(counts['iris']).toBeGreaterThan(0);
    expect(counts['mixed-strings']).toBeGreaterThan(0);
  });
});
