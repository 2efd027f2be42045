// A bare node:http server that sends a request's body back. BUSY_THREADS: so many threads beside it never rest.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import { announce } from '../process/control.js';

const busyThreads = Number(process.env['BUSY_THREADS'] ?? 0);
for (let i = 0; i < busyThreads; i++) new Worker('for (;;);', { eval: true }).unref();

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  });
});

server.listen(0, '127.0.0.1', () => announce({ http: (server.address() as AddressInfo).port }));
process.once('SIGTERM', () => process.exit());
