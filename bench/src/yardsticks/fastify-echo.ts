// Fastify as it comes: parses the body as JSON and sends the value back as JSON.
import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';
import { announce } from '../process/control.js';

const server = fastify();
server.post('/echo', (request, reply) => void reply.send(request.body));
await server.listen({ port: 0, host: '127.0.0.1' });
announce({ http: (server.server.address() as AddressInfo).port });
process.once('SIGTERM', () => process.exit());
