import { rpcServerContract } from '@witan-libs/testing';
import { GrpcJsServer } from './grpc-js-server.js';

rpcServerContract('grpc-js', (options, clock) => new GrpcJsServer(options, clock), {
  exactTimeouts: 'grpc-js takes whatever stands before the digits and the unit, and more than eight digits',
  compressedFlag: 'grpc-js hands a message that says it is compressed on as it is when the call names no encoding',
  namesEncodings: 'grpc-js names no encodings when it refuses one',
});
