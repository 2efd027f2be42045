import type { Context, Frame } from '@witan/core';

/** What `witan.infer` says of one run of a model: `@witan/inference` publishes it, and is not imported here. */
export interface InferEvent {
  readonly model: string;
  readonly version: string;
  readonly rows: number;
  readonly requests: number;
  readonly startedAt: number;
  readonly packMs: number;
  readonly inferMs: number;
  readonly unpackMs: number;
  readonly input: Frame | undefined;
  readonly output: Frame | undefined;
  readonly error: unknown;
  readonly contexts: readonly Context[];
}
