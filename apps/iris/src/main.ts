import { WitanFactory } from '@witan/core';
import { AppModule } from './app.module.js';

await WitanFactory.create(AppModule).listen({
  http: Number(process.env['HTTP_PORT'] ?? 3000),
  grpc: Number(process.env['GRPC_PORT'] ?? 5000),
  host: process.env['HOST'],
});
