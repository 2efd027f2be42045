import { Injectable } from '@nestjs/common';
import type { Context } from '@witan/core';
import type { MetricSnapshot } from './snapshot.js';

/** The trace that a request belongs to, if it has one that is kept. */
export type TraceOf = (context: Context) => { readonly traceId: string; readonly spanId: string } | undefined;

/** Reads deltas: each `collect` gives what came since the one before. One for each exporter. */
export interface DeltaReader {
  collect(): MetricSnapshot;
}

/** All metrics of this process. Exporters read them; nobody pushes. */
@Injectable()
export class Metrics {
  /** Set by tracing: histograms then keep an exemplar for each bucket. */
  traceOf: TraceOf | undefined;

  /** Begins to collect; called by each exporter that will read. A second call changes nothing. */
  enable(): void {}

  /** Sums since the process began. */
  collect(): MetricSnapshot {
    return { epochMs: 0, temporality: 'cumulative', metrics: [] };
  }

  /** A reader of its own for an exporter that sends deltas. */
  deltaReader(): DeltaReader {
    return { collect: () => ({ ...this.collect(), temporality: 'delta' }) };
  }
}
