import type { Clock } from '../../clock.js';
import type { RpcBindOptions, RpcOptions } from '../rpc-options.js';
import type { RpcServer } from './rpc-server.js';

/**
 * Makes the server that the options name, and loads only that one; nothing is bound yet.
 * @throws {CORE_ERR_GRPC_OPTION}
 */
export async function createRpcServer(options: RpcOptions & RpcBindOptions, clock: Clock): Promise<RpcServer> {
  if (options.server === 'grpc-js') {
    const { GrpcJsServer } = await import('./grpc-js-server.js');
    return new GrpcJsServer(options, clock);
  }
  const { WitanGrpcServer } = await import('./witan-grpc-server.js');
  return new WitanGrpcServer(options, clock);
}
