import type { AnswerEvent, BatchEvent, RequestPhases } from '@witan/core';
import { isServerError } from '../traces/traced-request.js';
import { Distribution } from './distribution.js';
import type { EmfMetric, EmfUnit } from './emf-line.js';

/** A metric target has at most so many numbers, by EMF's specification. */
const MAX_VALUES = 100;

export type Form = 'array' | 'counts';

/** Requests with the same dimensions, in one interval. */
export class RequestSeries {
  private requests = 0;
  private errors = 0;
  private readonly latency = new Distribution();
  private readonly vectorize = new Distribution();
  private readonly tensor = new Distribution();
  private readonly infer = new Distribution();

  constructor(readonly dimensions: Readonly<Record<string, string>>) {}

  add(event: AnswerEvent): void {
    this.requests++;
    if (isServerError(event)) this.errors++;
    this.latency.record(event.durationMs);
    const { phases } = event.context ?? {};
    if (phases) this.addPhases(phases);
  }

  /** The names and units of Hushar's own metrics. */
  metrics(form: Form): EmfMetric[] {
    return [
      { name: 'Requests', unit: 'Count', value: this.requests },
      { name: 'Errors', unit: 'Count', value: this.errors },
      { name: 'Availability', unit: 'Percent', value: (100 * (this.requests - this.errors)) / this.requests },
      ...written('Latency', 'Milliseconds', this.latency, form),
      ...written('VectorizationTime', 'Microseconds', this.vectorize, form),
      ...written('ToTensorTime', 'Microseconds', this.tensor, form),
      ...written('InferenceTime', 'Microseconds', this.infer, form),
    ];
  }

  private addPhases({ vectorizeMs, tensorMs, inferMs }: RequestPhases): void {
    if (vectorizeMs !== undefined) this.vectorize.record(vectorizeMs * 1000);
    if (tensorMs !== undefined) this.tensor.record(tensorMs * 1000);
    if (inferMs !== undefined) this.infer.record(inferMs * 1000);
  }
}

/** Batches of one gate, in one interval. */
export class BatchSeries {
  private batches = 0;
  private readonly rows = new Distribution();
  private readonly requests = new Distribution();
  private readonly wait = new Distribution();

  constructor(readonly dimensions: Readonly<Record<string, string>>) {}

  add({ rows, requests, waitMs }: BatchEvent): void {
    this.batches++;
    this.rows.record(rows);
    this.requests.record(requests);
    this.wait.record(waitMs);
  }

  metrics(form: Form): EmfMetric[] {
    return [
      { name: 'Batches', unit: 'Count', value: this.batches },
      ...written('BatchSize', 'Count', this.rows, form),
      ...written('BatchRequests', 'Count', this.requests, form),
      ...written('BatchWait', 'Milliseconds', this.wait, form),
    ];
  }
}

/** Nothing where there is nothing: an empty array is no value. */
function written(name: string, unit: EmfUnit, distribution: Distribution, form: Form): EmfMetric[] {
  if (distribution.count === 0) return [];
  return [{ name, unit, value: form === 'array' ? distribution.array(MAX_VALUES) : distribution.counts(MAX_VALUES) }];
}
