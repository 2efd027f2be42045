import { FastifyAdapter } from '@nestjs/platform-fastify';
import { sendNotFound } from '../http/register-http-services.js';

/** Nest's adapter, with unknown paths answered in the error form that all of Witan's answers have. */
export class WitanFastifyAdapter extends FastifyAdapter {
  override setNotFoundHandler(): ReturnType<FastifyAdapter['setNotFoundHandler']> {
    return this.getInstance().setNotFoundHandler((request, reply) => sendNotFound(request, reply));
  }
}
