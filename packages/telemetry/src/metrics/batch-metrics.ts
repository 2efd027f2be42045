import type { BatchEvent } from '@witan/core';
import type { InferEvent } from '../events/infer-event.js';
import type { ModelLoadEvent } from '../events/model-load-event.js';
import { BoundSets } from './bound-sets.js';
import type { HistogramSeries } from './instrument.js';
import type { Instruments } from './instruments.js';

interface BatchSeries {
  readonly rows: HistogramSeries;
  readonly wait: HistogramSeries;
  readonly run: HistogramSeries;
}

interface RunSeries {
  readonly tensor: HistogramSeries;
  readonly infer: HistogramSeries;
}

/** Records what `witan.batch`, `witan.infer` and `witan.model.load` tell. */
export class BatchMetrics {
  private readonly batches = new BoundSets<BatchSeries>();
  private readonly runs = new BoundSets<RunSeries>();

  constructor(private readonly instruments: Instruments) {}

  readonly ran = ({ name, closedBy, error, rows, waitMs, runMs }: BatchEvent): void => {
    const outcome = error === undefined ? 'ok' : 'error';
    let series = this.batches.get(name, closedBy, outcome, undefined);
    if (!series) {
      const { batchRows, batchWait, batchRun } = this.instruments;
      series = this.batches.put(name, closedBy, outcome, undefined, {
        rows: batchRows.series(name, closedBy),
        wait: batchWait.series(name, closedBy),
        run: batchRun.series(name, outcome),
      });
    }
    series.rows.record(rows);
    series.wait.record(waitMs / 1000);
    series.run.record(runMs / 1000);
  };

  readonly inferred = ({ model, version, error, packMs, unpackMs, inferMs }: InferEvent): void => {
    const outcome = error === undefined ? 'ok' : 'error';
    let series = this.runs.get(model, version, outcome, undefined);
    if (!series) {
      const { tensor, infer } = this.instruments;
      series = this.runs.put(model, version, outcome, undefined, {
        tensor: tensor.series(model, version),
        infer: infer.series(model, version, outcome),
      });
    }
    series.tensor.record((packMs + unpackMs) / 1000);
    series.infer.record(inferMs / 1000);
  };

  readonly modelChanged = ({ kind, name, version, ok, durationMs }: ModelLoadEvent): void => {
    const outcome = ok ? 'ok' : 'error';
    this.instruments.modelEvents.series(name, version, kind, outcome).add();
    if (kind === 'load') this.instruments.modelLoad.series(name, version, outcome).record(durationMs / 1000);
  };
}
