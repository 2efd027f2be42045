import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import type { RpcServer } from '@witan/core';
import { python } from '../harness/foreign-tools.js';
import { ROOT } from '../harness/repository.js';
import { TEST_SERVICE, testService } from './interop/test-service.js';
import { SERVER_KINDS, startServer } from './servers.js';

const run = promisify(execFile);
/** Fewer would mean that the script lost some. */
const CASES = 19;

describe.each(SERVER_KINDS)('grpcio on %s', (kind) => {
  let server: RpcServer | undefined;
  afterEach(() => server?.close());

  it('finds every case as it should be', async (context) => {
    const tool = await python();
    if ('missing' in tool) return context.skip(tool.missing);
    const options = { maxReceiveMessageBytes: 16 * 1024 * 1024 };
    server = await startServer(kind, { [TEST_SERVICE]: testService() }, options);
    const files = [
      join(ROOT, 'test/clients/grpc_interop.py'),
      server.address!.text,
      join(ROOT, 'test/protos/interop.proto'),
    ];
    const { stdout } = await run(tool.path, files, { timeout: 240_000, maxBuffer: 1 << 26 });
    const results = Object.entries(JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, string>);
    expect(results.filter(([, result]) => result !== 'ok')).toEqual([]);
    expect(results.length).toBe(CASES);
  });
});
