// The yardstick of memory: the same third-party imports, a Fastify echo, a grpc-js echo, and one session of MODEL.
import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';
import { InferenceSession } from 'onnxruntime-node';
import { announce } from '../process/control.js';
import { serveUnary } from './grpc-method.js';
import { importThirdParty } from './third-party.js';

await importThirdParty(process.env['IMPORTS_FILE']!);
const session = await InferenceSession.create(process.env['MODEL']!);
const server = fastify();
server.post('/echo', (request, reply) => void reply.send(request.body));
await server.listen({ port: 0, host: '127.0.0.1' });
const grpc = await serveUnary((request) => request);
// `measure` keeps the session alive.
announce({ http: (server.server.address() as AddressInfo).port, grpc }, () => session.inputNames);
process.once('SIGTERM', () => process.exit());
