const names = new WeakMap<object, string>();

/** Remembers whose key a request (Fastify's) or call brought. */
export function setPrincipal(carrier: object, name: string): void {
  names.set(carrier, name);
}

/**
 * The name of the key that a request (Fastify's) or a gRPC call brought; `undefined` where none was asked for.
 * @internal
 */
export function principalOf(carrier: object): string | undefined {
  return names.get(carrier);
}
