import { setTimeout as sleep } from 'node:timers/promises';
import type { ContractRecord } from './contract-record.js';

/** `@witan/sinks`'s Sink, by shape. */
export interface ContractSink {
  readonly name: string;
  write(batch: readonly ContractRecord[], signal: AbortSignal): Promise<void>;
  flush?(): Promise<void>;
  close(): Promise<void>;
}

const NEVER = new AbortController().signal;
const TRIES = 100;

/** The ids that a destination names as those of poison; `undefined`: this is another error. */
function poisonIds(error: unknown): readonly string[] | undefined {
  const { code, details } = error as { code?: string; details?: { ids?: readonly string[] } };
  return code === 'SINK_ERR_POISON' ? (details?.ids ?? []) : undefined;
}

/**
 * Writes a batch as those do who deliver records: again until it resolves, without the poison, halved where that is not
 * named. Gives the ids of what went to the dead letters.
 * @param pauseMs between two tries; 0 where the destination fails at once and comes back at once
 */
export async function deliver(
  sink: ContractSink,
  batch: readonly ContractRecord[],
  pauseMs = 0,
): Promise<readonly string[]> {
  for (let tries = 1; ; tries++) {
    try {
      await sink.write(batch, NEVER);
      return [];
    } catch (error) {
      const ids = poisonIds(error);
      if (ids) return withoutPoison(sink, batch, ids, pauseMs);
      if (tries >= TRIES) throw error;
      if (pauseMs > 0) await sleep(pauseMs);
    }
  }
}

async function withoutPoison(
  sink: ContractSink,
  batch: readonly ContractRecord[],
  ids: readonly string[],
  pauseMs: number,
): Promise<readonly string[]> {
  if (ids.length > 0) {
    const others = batch.filter(({ id }) => !ids.includes(id));
    return [...ids, ...(others.length > 0 ? await deliver(sink, others, pauseMs) : [])];
  }
  if (batch.length === 1) return [batch[0]!.id];
  const half = batch.length >> 1;
  const first = await deliver(sink, batch.slice(0, half), pauseMs);
  return [...first, ...(await deliver(sink, batch.slice(half), pauseMs))];
}
