import { rpcError, type RpcErrorCode } from '../rpc.errors.js';

const CODES: Readonly<Record<string, RpcErrorCode>> = {
  GRPC_ERR_OPTION: 'CORE_ERR_GRPC_OPTION',
  GRPC_ERR_LISTEN: 'CORE_ERR_GRPC_LISTEN',
  GRPC_ERR_METADATA: 'CORE_ERR_GRPC_METADATA',
};

/** An error of `@witan/grpc` as one of core's table; any other as it is. */
export function coreErrorOf(error: unknown): unknown {
  const { code, message } = error as { code?: string; message: string };
  const known = CODES[code ?? ''];
  return known === undefined ? error : rpcError(known, message, { cause: error });
}
