import 'reflect-metadata';
import { LOG_METADATA } from '@witan/core';
import { type LogOptions, type LogRequest, logTo } from './log-options.js';

/**
 * Keeps the calls of a `@Handler` method, of a handler class, or of a whole `@Service` class: what came in, what went
 * out, or how it failed. May stand there several times. `sink` is a name of `SinksModule.forRoot({ sinks })`.
 * @example
 * ```ts
 * import { Column, Frame, Handler, Schema, Service } from '@witan/core';
 * import { Log } from '@witan/sinks';
 *
 * @Schema()
 * class Claim {
 *   @Column('utf8') customer!: string;
 *   @Column('f64') amount!: number;
 * }
 *
 * @Service('claims')
 * @Log<keyof Claim>('audit', { redact: { customer: 'hash' }, sample: 0.1 })
 * class ClaimService {
 *   @Handler({ in: Claim, out: Claim })
 *   check(claims: Frame<Claim>) {
 *     return claims;
 *   }
 * }
 * ```
 */
export function Log<C extends string = string>(
  sink: string,
  options: LogOptions<C> = {},
): ClassDecorator & MethodDecorator {
  const request = logTo(sink, options);
  return (target: object, method?: string | symbol): void => {
    const known = ownRequests(target, method);
    // Decorators run from the last to the first.
    const all = [request, ...known];
    if (method === undefined) Reflect.defineMetadata(LOG_METADATA, all, target);
    else Reflect.defineMetadata(LOG_METADATA, all, target, method);
  };
}

function ownRequests(target: object, method: string | symbol | undefined): readonly LogRequest[] {
  const found: unknown =
    method === undefined
      ? Reflect.getOwnMetadata(LOG_METADATA, target)
      : Reflect.getOwnMetadata(LOG_METADATA, target, method);
  return Array.isArray(found) ? (found as LogRequest[]) : [];
}
