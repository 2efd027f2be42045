import type { WitanError } from '../../errors/witan-error.js';
import { rpcError } from '../rpc.errors.js';

/** The error for bytes that are no protobuf message: what was wrong, and at which byte of the message. */
export function malformed(what: string, at: number): WitanError {
  return rpcError('CORE_ERR_PROTO_MALFORMED', `the message is not valid protobuf: ${what} at byte ${at}`);
}
