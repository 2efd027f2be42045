import type { ServiceDefinition } from '../../service/runtime.js';
import type { RpcMethod } from '../server/rpc-server.js';

export function reflectionServices(
  _definitions: readonly ServiceDefinition[],
): { service: string; methods: Record<string, RpcMethod> }[] {
  return [];
}
