// For users.
export type {
  GrpcAddress,
  GrpcCall,
  GrpcMethod,
  GrpcPeer,
  GrpcServer,
  GrpcStatus,
  GrpcStreamCall,
  GrpcStreamMethod,
  GrpcUnaryCall,
  GrpcUnaryMethod,
} from './server/grpc-server.js';
export type {
  GrpcBindOptions,
  GrpcCompressionOptions,
  GrpcConnectionOptions,
  GrpcLimits,
  GrpcServerOptions,
  GrpcTlsOptions,
} from './server/options.js';
export type { Clock } from './server/clock.js';
export { GrpcError } from './server/grpc-error.js';
export type { GrpcErrorCode } from './server/grpc.errors.js';
export { createGrpcServer } from './server/create-grpc-server.js';
export { type GrpcCodec, streamMethod, type TypedStream, unaryMethod } from './server/typed-methods.js';

// For sibling packages (@internal).
export { GRPC_ERRORS } from './server/grpc.errors.js';
