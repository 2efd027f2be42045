import type { Frame } from '../frame/frame.js';

/** Stands in for a `Model`: gives what `answer` makes of the Frame, and keeps every Frame that it was asked for. */
export interface FakeModel {
  readonly name: string;
  readonly concurrency: number;
  /** The Frames of all runs so far, in order. */
  readonly runs: readonly Frame[];
  // eslint-disable-next-line typescript/no-explicit-any -- it stands in for models of any record types
  run(frame: Frame<any>): Promise<Frame<any>>;
}

/**
 * A model for tests of services: no file, no worker. Override the real one by its token:
 * `overrides: [[getModelToken('iris'), fakeModel((frame) => ...)]]`.
 */
export function fakeModel(answer: (frame: Frame) => Frame | Promise<Frame>, name = 'fake'): FakeModel {
  const runs: Frame[] = [];
  return {
    name,
    concurrency: 1,
    runs,
    async run(frame) {
      runs.push(frame);
      return answer(frame);
    },
  };
}
