import { Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';

export const GRPC_ECHO_METHOD = 'bench.Echo/Predict';

const asItIs = (bytes: Buffer): Buffer => bytes;

/** A grpc-js server with one unary method on bytes; gives its port. */
export function serveUnary(answer: (request: Buffer) => Buffer): Promise<number> {
  const server = new Server();
  const codec = {
    requestSerialize: asItIs,
    requestDeserialize: asItIs,
    responseSerialize: asItIs,
    responseDeserialize: asItIs,
  };
  const method = { path: `/${GRPC_ECHO_METHOD}`, requestStream: false, responseStream: false, ...codec };
  server.addService({ Predict: method } as ServiceDefinition, {
    Predict: (call: { request: Buffer }, done: (error: null, answer: Buffer) => void) =>
      done(null, answer(call.request)),
  });
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}
