import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mavenTool, systemTool } from '@witan-libs/testing';
import type { RpcServer } from '@witan/core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../harness/repository.js';
import { TEST_SERVICE, testService } from './interop/test-service.js';
import { SERVER_KINDS, startServer } from './servers.js';

const run = promisify(execFile);
const GRPC_JAVA = '1.82.0';
const ARTIFACTS = [`io.grpc:grpc-netty-shaded:${GRPC_JAVA}`, `io.grpc:grpc-stub:${GRPC_JAVA}`];
/** Fewer would mean that the client lost some. */
const CASES = { 'grpc-js': 17, witan: 19 };

let java: Awaited<ReturnType<typeof systemTool>>;
let jars: Awaited<ReturnType<typeof mavenTool>>;
beforeAll(async () => {
  java = await systemTool('java', ['-version']);
  if ('path' in java) jars = await mavenTool('grpc-java', GRPC_JAVA, ARTIFACTS);
});

describe.each(SERVER_KINDS)('grpc-java on %s', (kind) => {
  let server: RpcServer | undefined;
  afterEach(() => server?.close());

  it('finds every case as it should be', async (context) => {
    if ('missing' in java) return context.skip(java.missing);
    if ('missing' in jars) return context.skip(jars.missing);
    // grpc-js does not compress what a server answers.
    const packs = kind === 'witan';
    const options = packs ? { compression: { algorithm: 'gzip' } as const } : {};
    server = await startServer(kind, { [TEST_SERVICE]: testService() }, options);
    const source = join(ROOT, 'test/clients/GrpcInterop.java');
    const args = ['-cp', join(jars.path, '*'), source, server.address!.text, ...(packs ? ['packs'] : [])];
    const { stdout } = await run(java.path, args, { timeout: 240_000, maxBuffer: 1 << 26 });
    const results = Object.entries(JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, string>);
    expect(results.filter(([, result]) => result !== 'ok')).toEqual([]);
    expect(results.length).toBe(CASES[kind]);
  });
});
