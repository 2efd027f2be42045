import { type RpcOptions, WitanFactory } from '@witan/core';
import { ModelRegistry } from '@witan/inference';
import { announce } from '../process/control.js';

/** How a model came to run. */
export interface ModelMode {
  readonly name: string;
  readonly mode: string;
  readonly concurrency: number;
}

/**
 * Serves an application with the defaults on free ports, and tells the bench; `measure` gives its models. `GRPC_SERVER`
 * chooses what speaks HTTP/2 (see `RpcOptions.server`).
 */
export async function serve(module: new () => object): Promise<void> {
  const server = process.env['GRPC_SERVER'] as RpcOptions['server'];
  const application = await WitanFactory.create(module, server && { witan: { grpc: { server } } });
  const { http, grpc } = await application.listen({ http: 0, grpc: 0, host: '127.0.0.1', banner: false });
  const models = (): ModelMode[] => {
    const listed = application.nest.get(ModelRegistry, { strict: false }).list();
    return listed.map(({ name, mode, concurrency }) => ({ name, mode, concurrency }));
  };
  announce({ http: portOf(http), grpc: portOf(grpc) }, models);
}

export const portOf = (address: string | undefined): number => Number(address?.slice(address.lastIndexOf(':') + 1));
