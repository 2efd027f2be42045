// @witan/grpc alone: sends the request back; under TLS where TLS says so.
import { createGrpcServer } from '@witan/grpc';
import { announce } from '../process/control.js';
import { benchCertificate } from './certificate.js';

const server = createGrpcServer({
  host: '127.0.0.1',
  maxReceiveMessageBytes: 128 * 1024 * 1024,
  ...(process.env['TLS'] && { tls: benchCertificate() }),
});
server.addMethods('bench.Echo', {
  Predict: { kind: 'unary', handle: (call, message) => call.answer(message) },
});
announce({ grpc: (await server.start()).port });
process.once('SIGTERM', () => process.exit());
