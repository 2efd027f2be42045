import type { Frame } from '../frame/frame.js';
import type { Answer } from './answer.js';

/** What one handler may give: a Frame, plain records, a stream of Frames, or an early answer. */
export type HandlerOutput<O extends object> = Frame<O> | readonly O[] | AsyncIterable<Frame<O>> | Answer;

export type MaybePromise<T> = T | Promise<T>;

/**
 * A handler as a class: `@Handler({ in: Raw, out: Features }) class Clean implements HandlerOf<Raw, Features>`.
 * The second parameter is the request's Context, or the BatchContext when the handler is batched; `@UseModel` and the
 * like may follow.
 */
export interface HandlerOf<I extends object, O extends object> {
  // `never[]` in the rest keeps the contract open for injected parameters of any type.
  handle(frame: Frame<I>, ...rest: never[]): MaybePromise<HandlerOutput<O>>;
}

export type Class<T = object> = abstract new (...args: never[]) => T;

/** The record type that a handler function takes. */
export type InputOf<F> = F extends (frame: infer A, ...rest: never[]) => unknown
  ? A extends Frame<infer I>
    ? I
    : object
  : object;

/** The record type that a handler function gives; an early `Answer` does not count. */
export type OutputOf<F> = F extends (...args: never[]) => infer R ? RecordOf<Awaited<R>> : never;

type RecordOf<R> = R extends Answer
  ? never
  : R extends Frame<infer O>
    ? O
    : R extends AsyncIterable<Frame<infer O>>
      ? O
      : R extends readonly (infer O)[]
        ? O
        : never;
