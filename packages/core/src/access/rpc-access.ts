import type { Access } from '../lifecycle/transport-extensions.js';
import { rpcStatusOf } from '../rpc/call/rpc-status.js';
import type { RpcCall, RpcMethod } from '../rpc/server/rpc-server.js';
import type { AccessControl } from './access-control.js';
import { whyCallNotLocal } from './local-caller.js';
import { setPrincipal } from './principals.js';

type Methods = Readonly<Record<string, RpcMethod>>;

/** The methods, each asking for the keys that its access needs before its message is decoded. */
export function guardedMethods(
  control: AccessControl | undefined,
  methods: Methods,
  accessOf: (method: string) => Access = () => 'predict',
): Methods {
  if (!control) return methods;
  return Object.fromEntries(
    Object.entries(methods).map(([name, method]) => {
      const access = accessOf(name);
      return [name, control.asks(access) ? guarded(control, access, method) : method];
    }),
  );
}

function guarded(control: AccessControl, access: Access, method: RpcMethod): RpcMethod {
  if (method.kind === 'stream')
    return { kind: 'stream', handle: (call) => void (admitted(control, access, call) && method.handle(call)) };
  return {
    kind: 'unary',
    handle: (call, message) => void (admitted(control, access, call) && method.handle(call, message)),
  };
}

/**
 * Lets a call through that needs this access, and remembers whose key it brought: for methods that need more than their
 * own access for some of their messages.
 * @throws as {@link AccessControl.admit}
 * @internal
 */
export function admitCall(control: AccessControl, access: Access, call: RpcCall): void {
  const name = control.admit(access, {
    authorization: call.header('authorization'),
    apiKey: call.header('x-api-key'),
    whyNotLocal: () => whyCallNotLocal(call),
  });
  if (name !== undefined) setPrincipal(call, name);
}

function admitted(control: AccessControl, access: Access, call: RpcCall): boolean {
  try {
    admitCall(control, access, call);
    return true;
  } catch (error) {
    call.fail(rpcStatusOf(error));
    return false;
  }
}
