import { channel } from 'node:diagnostics_channel';

/** What a sink has done since the process began. All but `queued`, `spillBytes` and `lagMs` only ever grow. */
export interface SinkStats {
  readonly sink: string;
  readonly policy: 'best-effort' | 'lossless';
  /** Records that wait for the destination. Of a lossless sink what an earlier process left is counted once it is read. */
  readonly queued: number;
  /** Records that were given up: the ring was full, or the destination refused too often. Lossless: always 0. */
  readonly dropped: number;
  readonly delivered: number;
  /** Writes of a batch that failed and were tried again. */
  readonly retried: number;
  /** Records that nothing can take: in the dead-letter file, or only here where there is none. */
  readonly dead: number;
  /** Requests that were refused because their records could not be kept. */
  readonly refused: number;
  /** Undelivered bytes on disk. */
  readonly spillBytes: number;
  /** Bytes on disk that were no whole records: cut off by a crash, or damaged. */
  readonly damagedBytes: number;
  /** How old the oldest record that waits is, as of the last write. Milliseconds. */
  readonly lagMs: number;
  /** Why the last write failed; `undefined` once one has succeeded. */
  readonly lastError: string | undefined;
}

/**
 * `node:diagnostics_channel` of that name: a {@link SinkStats} after every batch that a destination took or refused, only
 * while somebody subscribes.
 */
export const sinkChannel = channel('witan.sink');

/** A {@link SinkStats} while it counts. */
export class SinkCounters {
  queued = 0;
  dropped = 0;
  delivered = 0;
  retried = 0;
  dead = 0;
  refused = 0;
  spillBytes = 0;
  damagedBytes = 0;
  lagMs = 0;
  lastError: string | undefined = undefined;

  constructor(
    readonly sink: string,
    readonly policy: 'best-effort' | 'lossless',
  ) {}

  get stats(): SinkStats {
    return { ...this };
  }

  /** A subscriber that throws would end the process. */
  publish(): void {
    if (sinkChannel.hasSubscribers) sinkChannel.publish(this.stats);
  }
}
