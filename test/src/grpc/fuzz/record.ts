import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { goTool } from '@witan-libs/testing';
import { python } from '../../harness/foreign-tools.js';
import { ROOT } from '../../harness/repository.js';
import { encode } from '../interop/messages.js';
import { TEST_SERVICE, testService } from '../interop/test-service.js';
import { startServer } from '../servers.js';

/** Writes test/fixtures/grpc-recordings.json: what real clients say. `node test/dist/grpc/fuzz/record.js`, by hand. */
const run = promisify(execFile);
/** Longer conversations wait for windows, which a replay does not. */
const MAX_BYTES = 5000;
const GO_CASES = ['empty_unary', 'empty_stream', 'cancel_after_begin', 'status_code_and_message', 'custom_metadata'];
const connections: { client: string; bytes: string }[] = [];
let client = '';

/** Passes everything on, and keeps what the client says. */
function keep(port: number): (socket: Socket) => void {
  return (socket) => {
    const by = client;
    const chunks: Buffer[] = [];
    const server = connect(port, '127.0.0.1');
    socket.on('error', () => server.destroy());
    server.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('close', () => {
      const bytes = Buffer.concat(chunks);
      if (bytes.length > 0 && bytes.length < MAX_BYTES)
        connections.push({ client: by, bytes: bytes.toString('base64') });
    });
    socket.pipe(server).pipe(socket);
  };
}

const server = await startServer('witan', { [TEST_SERVICE]: testService() });
const proxy = createServer(keep(server.address!.port)).listen(0, '127.0.0.1');
await new Promise((resolve) => proxy.once('listening', resolve));
const { port } = proxy.address() as { port: number };

client = 'grpc-go';
const go = await goTool('grpc-go-interop', '1.85.0', 'google.golang.org/grpc/interop/client');
for (const name of 'path' in go ? GO_CASES : [])
  await run((go as { path: string }).path, [
    '-server_host',
    '127.0.0.1',
    '-server_port',
    String(port),
    '-test_case',
    name,
  ]);

client = 'grpcio';
const interpreter = await python();
if ('path' in interpreter) {
  const files = [
    join(ROOT, 'test/clients/grpc_interop.py'),
    `127.0.0.1:${port}`,
    join(ROOT, 'test/protos/interop.proto'),
  ];
  await run(interpreter.path, files, { maxBuffer: 1 << 26 });
}

client = 'grpc-js';
const same = (bytes: Buffer): Buffer => bytes;
const caller = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
for (const size of [0, 10, 3000]) {
  const metadata = new Metadata();
  metadata.set('x-size', String(size));
  const message = encode('SimpleRequest', { responseSize: size, payload: { body: Buffer.alloc(size) } });
  await new Promise((resolve) =>
    caller.makeUnaryRequest(`/${TEST_SERVICE}/UnaryCall`, same, same, message, metadata, resolve),
  );
}
caller.close();
await new Promise((resolve) => setTimeout(resolve, 500));
writeFileSync(join(ROOT, 'test/fixtures/grpc-recordings.json'), `${JSON.stringify({ connections }, undefined, 2)}\n`);
console.log(connections.map((each) => `${each.client}: ${each.bytes.length} characters`).join('\n'));
process.exit();
