import { channel } from 'node:diagnostics_channel';
import type { Context, Frame } from '@witan/core';

/** What `witan.infer` says of one run of a model. */
export interface InferEvent {
  readonly model: string;
  readonly version: string;
  readonly rows: number;
  /** Requests whose rows ran together. */
  readonly requests: number;
  /** Clock milliseconds at which packing began. */
  readonly startedAt: number;
  /** Columns to tensors. */
  readonly packMs: number;
  /** The run, with the way to the worker and back. */
  readonly inferMs: number;
  /** Tensors to columns. */
  readonly unpackMs: number;
  /** Columns as the model was given them. `undefined`: raw tensors. Not to be changed, and not to be kept beyond the publication. */
  readonly input: Frame | undefined;
  readonly output: Frame | undefined;
  readonly error: unknown;
  /** Of the requests, where they are known; in the order of their rows. */
  readonly contexts: readonly Context[];
}

/** Published after each run, only while somebody subscribes. */
export const inferChannel = channel('witan.infer');
