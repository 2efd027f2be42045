import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { goTool, makeCertificates } from '@witan-libs/testing';
import { readFileSync } from 'node:fs';
import type { RpcServer } from '@witan/core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TEST_SERVICE, testService } from './interop/test-service.js';
import { SERVER_KINDS, startServer } from './servers.js';

const run = promisify(execFile);
const GRPC_GO = '1.85.0';
const CASES = [
  'empty_unary',
  'large_unary',
  'client_streaming',
  'server_streaming',
  'ping_pong',
  'empty_stream',
  'timeout_on_sleeping_server',
  'cancel_after_begin',
  'cancel_after_first_response',
  'status_code_and_message',
  'special_status_message',
  'unimplemented_method',
  'unimplemented_service',
  'custom_metadata',
];

let tool: Awaited<ReturnType<typeof goTool>>;
beforeAll(async () => {
  tool = await goTool('grpc-go-interop', GRPC_GO, 'google.golang.org/grpc/interop/client');
});

describe.each(SERVER_KINDS)("grpc-go's interoperability client on %s", (kind) => {
  let server: RpcServer | undefined;
  const certificates = makeCertificates();
  afterEach(() => server?.close());
  afterAll(() => certificates.remove());

  async function passes(name: string, more: readonly string[] = []): Promise<string> {
    const at = ['-server_host', '127.0.0.1', '-server_port', String(server!.address!.port)];
    const { stderr } = await run((tool as { path: string }).path, [...at, '-test_case', name, ...more]);
    return stderr;
  }

  it.for(CASES)('%s', async (name, context) => {
    if ('missing' in tool) return context.skip(tool.missing);
    server = await startServer(kind, { [TEST_SERVICE]: testService() });
    expect(await passes(name)).not.toMatch(/FATAL/);
  });

  it.for(['large_unary', 'ping_pong', 'server_streaming'])('%s over TLS', async (name, context) => {
    if ('missing' in tool) return context.skip(tool.missing);
    const tls = { key: readFileSync(certificates.server.key), cert: readFileSync(certificates.server.cert) };
    server = await startServer(kind, { [TEST_SERVICE]: testService() }, { tls });
    expect(await passes(name, ['-use_tls', '-use_test_ca', '-ca_file', certificates.ca])).not.toMatch(/FATAL/);
  });

  it.for(['rpc_soak', 'channel_soak'])('%s', async (name, context) => {
    if ('missing' in tool) return context.skip(tool.missing);
    server = await startServer(kind, { [TEST_SERVICE]: testService() });
    const size = ['-soak_iterations', '200', '-soak_num_threads', '8', '-soak_overall_timeout_seconds', '120'];
    expect(await passes(name, [...size, '-soak_per_iteration_max_acceptable_latency_ms', '60000'])).not.toMatch(
      /FATAL/,
    );
  });
});
