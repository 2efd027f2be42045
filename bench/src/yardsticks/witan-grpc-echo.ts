// @witan/grpc alone: sends the request back.
import { createGrpcServer } from '@witan/grpc';
import { announce } from '../process/control.js';

const server = createGrpcServer({ host: '127.0.0.1' });
server.addMethods('bench.Echo', {
  Predict: { kind: 'unary', handle: (call, message) => call.answer(message) },
});
announce({ grpc: (await server.start()).port });
process.once('SIGTERM', () => process.exit());
