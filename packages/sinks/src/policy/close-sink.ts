import type { Clock } from '@witan/core';
import type { Sink } from '../sink/sink.js';

/** Lets a destination write what it holds back and end, but waits no longer than `timeoutMs`; what it throws is past. */
export async function closeSink(sink: Sink, clock: Clock, timeoutMs: number): Promise<void> {
  const ended = (async () => {
    // What cannot be written any more is no reason to leave connections and files open.
    await flushed(sink).catch(() => undefined);
    await sink.close();
  })().catch(() => undefined);
  await new Promise<void>((resolve) => {
    const late = clock.setTimer(resolve, timeoutMs);
    void ended.then(() => {
      late.cancel();
      resolve();
    });
  });
}

async function flushed(sink: Sink): Promise<void> {
  await sink.flush?.();
}
