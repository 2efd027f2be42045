import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { WitanFastifyOptions } from '../http/server-options.js';
import { sendNotFound } from '../http/not-found.js';
import { lazyCompilers } from './lazy-compilers.js';

/** Nest's adapter, with unknown paths answered in the error form that all of Witan's answers have. */
export class WitanFastifyAdapter extends FastifyAdapter {
  constructor(options: WitanFastifyOptions) {
    super({ ...options, schemaController: { compilersFactory: lazyCompilers() } });
  }

  override setNotFoundHandler(): ReturnType<FastifyAdapter['setNotFoundHandler']> {
    return this.getInstance().setNotFoundHandler((request, reply) => sendNotFound(request, reply));
  }
}
