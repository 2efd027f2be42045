import type { Clock } from '../../clock.js';
import type { RpcBindOptions, RpcOptions } from '../rpc-options.js';
import { GrpcJsServer } from './grpc-js-server.js';
import type { RpcServer } from './rpc-server.js';

/**
 * Makes the server that the options name; nothing is bound yet.
 * @throws {CORE_ERR_GRPC_OPTION}
 */
export function createRpcServer(options: RpcOptions & RpcBindOptions, clock: Clock): RpcServer {
  return new GrpcJsServer(options, clock);
}
