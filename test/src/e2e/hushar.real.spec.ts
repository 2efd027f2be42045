import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { WitanApplication } from '@witan/core';
import { husharApplication, husharConfigOf, husharListenOptions, HUSHAR_PROTO } from '@witan/protocols';
import { vectorWorkload } from '@witan-libs/testing';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { grpcurl, python, type Tool } from '../harness/foreign-tools.js';
import { ROOT } from '../harness/repository.js';
import { largestDistance } from '../harness/requests.js';

const run = promisify(execFile);
const TOLERANCE = 1e-5;

interface Answer {
  readonly request_id: string;
  readonly outputs: readonly { readonly row_id: string; readonly scores: readonly number[] }[];
}

interface Answers {
  readonly sent: Answer;
  readonly made: Answer;
  readonly empty: Answer;
  readonly wrong: { readonly code: string; readonly details: string };
}

function pathOf(tool: Tool, context: TestContext): string {
  if ('missing' in tool) context.skip(tool.missing);
  return (tool as { path: string }).path;
}

describe.each(['w1', 'w3'] as const)(
  'a Hushar config with the model of %s, called by programs that are not ours',
  (name) => {
    const workload = vectorWorkload(name);
    let app: WitanApplication;
    let address: string;
    let folder: string;
    let tools: { grpcurl: Tool; python: Tool };

    beforeAll(async () => {
      tools = { grpcurl: await grpcurl(), python: await python() };
      folder = mkdtempSync(join(tmpdir(), 'witan-hushar-'));
      const json = {
        connection_concurrency: 50,
        model_path: workload.modelPath,
        model_id: name,
        port_number: 0,
        vectorization_instruction_path: workload.vectorizationPath,
      };
      const config = husharConfigOf(json, join(folder, 'service.json'));
      app = await husharApplication(config, { create: { logger: false, abortOnError: false } });
      address = (await app.listen({ ...husharListenOptions(config), host: '127.0.0.1', banner: false })).grpc!;
    });

    afterAll(async () => {
      await app?.close();
      rmSync(folder, { recursive: true });
    });

    it('Python’s grpcio, by generated stubs, gets the scores of every row', async (context) => {
      const interpreter = pathOf(tools.python, context);
      const proto = join(folder, 'hushar.proto');
      const rows = join(folder, 'rows.json');
      writeFileSync(proto, HUSHAR_PROTO);
      writeFileSync(rows, JSON.stringify(workload.rows));
      const client = join(ROOT, 'test/clients/hushar_client.py');
      const request = join(dirname(workload.modelPath), 'request.pb');
      const line = `"$0" "$1" "$2" "$3" "$4" < "$5"`;
      const { stdout } = await run('sh', ['-c', line, interpreter, client, proto, address, request, rows]);
      const { sent, made, empty, wrong } = JSON.parse(stdout) as Answers;
      for (const { outputs } of [sent, made]) {
        expect(outputs.map((row) => row.row_id)).toEqual(workload.rows.map((row) => row.row_id));
        expect(
          largestDistance(
            outputs.flatMap((row) => row.scores),
            workload.scores.flat(),
          ),
        ).toBeLessThan(TOLERANCE);
      }
      expect([sent.request_id, made.request_id]).toEqual([workload.requestId, 'made']);
      expect(empty).toEqual({ request_id: 'none', outputs: [] });
      expect(wrong).toMatchObject({ code: 'INVALID_ARGUMENT', details: expect.stringMatching(/^row 0 \("row-0"\)/) });
    });

    it('grpcurl, by reflection', async (context) => {
      const tool = pathOf(tools.grpcurl, context);
      const method = 'hushar.Hushar/InferenceService';
      const { stdout } = await run(tool, [
        '-plaintext',
        '-d',
        '{"request_id":"x","inputs":[{"row_id":"r"}]}',
        address,
        method,
      ]);
      expect(JSON.parse(stdout)).toMatchObject({ requestId: 'x', outputs: [{ rowId: 'r' }] });
    });
  },
);
