import { vectorWorkload } from '@witan-libs/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppProcess, startProcess } from '../harness/app-process.js';
import { type ReflectedClient, reflectedClient } from '../harness/grpc-client.js';
import { type ModelFolder, modelFolder, WITAN } from '../harness/witan-command.js';

describe('witan hushar', () => {
  const workload = vectorWorkload('w1');
  let folder: ModelFolder;
  let app: AppProcess;
  let client: ReflectedClient;
  beforeAll(async () => {
    folder = modelFolder();
    const config = folder.beside(
      'service.json',
      JSON.stringify({
        connection_concurrency: 50,
        model_path: workload.modelPath,
        model_id: 'w1',
        port_number: 1,
        vectorization_instruction_path: workload.vectorizationPath,
      }),
    );
    app = await startProcess([WITAN, 'hushar', '--config', config, '--grpc', '0'], {}, undefined, 'gRPC ');
    client = await reflectedClient(app.grpcAddress, 'hushar.Hushar');
  });
  afterAll(async () => {
    client?.close();
    await app?.stop();
    folder.end();
  });

  it("serves a service config to Hushar's clients, on the port that it is told", async () => {
    const answer = await client.call('InferenceService', { request_id: 'r', inputs: [{ row_id: 'a', features: [] }] });
    expect(answer).toMatchObject({ request_id: 'r', outputs: [{ row_id: 'a', scores: [expect.any(Number)] }] });
    expect(app.output()).not.toContain('HTTP ');
  });

  it('ends with 0 on SIGTERM', async () => {
    client.close();
    expect(await app.stop()).toBe(0);
  });
});
