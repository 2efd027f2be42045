import type { Class, HandlerOf, InputOf, OutputOf } from '../handler/handler-types.js';

/** One step of a chain: a handler class, or the name of a `@Handler` method of the service. */
export type Step = Class<HandlerOf<never, object>> | string;

/** The function that a step of service `S` runs. */
type StepFunction<S, H> = H extends keyof S
  ? S[H]
  : H extends Class<infer I>
    ? I extends { handle: infer F }
      ? F
      : never
    : never;

/**
 * `unknown` when every step takes what the one before it gives; otherwise a type that says which pair does not fit,
 * so that the compiler's message names it.
 */
export type CheckChain<S, H extends readonly unknown[]> = H extends readonly [infer A, infer B, ...infer Rest]
  ? OutputOf<StepFunction<S, A>> extends InputOf<StepFunction<S, B>>
    ? CheckChain<S, readonly [B, ...Rest]>
    : {
        'this handler gives': OutputOf<StepFunction<S, A>>;
        'but the next one takes': InputOf<StepFunction<S, B>>;
        handlers: readonly [A, B];
      }
  : unknown;

/** `unknown` when every step that is a name is a method of `S`. */
export type CheckNames<S, H extends readonly unknown[]> = [Exclude<Extract<H[number], string>, keyof S>] extends [never]
  ? unknown
  : { 'no such method': Exclude<Extract<H[number], string>, keyof S> };
