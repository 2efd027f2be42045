import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type RpcServerKind, WitanFactory } from '@witan/core';
import { ROOT } from '../../harness/repository.js';

/** apps/iris, on the gRPC server that `GRPC_SERVER` names. */
const url = pathToFileURL(join(ROOT, 'apps', 'iris', 'dist', 'app.module.js')).href;
const { AppModule } = (await import(url)) as { AppModule: new () => object };
const server = process.env['GRPC_SERVER'] as RpcServerKind;
await WitanFactory.create(AppModule, { witan: { grpc: { server } } }).listen({ http: 0, grpc: 0, host: '127.0.0.1' });
