import type { Frame } from '@witan/core/frame';
import { FrameWatch, type FrameWatchOptions, type NamedSummary } from './frame-watch.js';

const ROWS_AT_ONCE = 4096;

/** Every row of a Frame, summarised: training data, mostly. */
export function summarizeFrame(frame: Frame<object>, options: FrameWatchOptions): NamedSummary[] {
  const watch = new FrameWatch(options, { left: Infinity, skippedValues: 0 });
  const rows = new Int32Array(ROWS_AT_ONCE);
  for (let start = 0; start < frame.rows; start += ROWS_AT_ONCE) {
    const count = Math.min(ROWS_AT_ONCE, frame.rows - start);
    for (let i = 0; i < count; i++) rows[i] = start + i;
    watch.take(frame, rows, count);
  }
  return watch.summaries('current');
}
