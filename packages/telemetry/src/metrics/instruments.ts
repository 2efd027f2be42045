import { RECORDED } from './catalogue.js';
import { Counter, Histogram, type InstrumentDefinition } from './instrument.js';
import type { MetricOptions } from './metric-options.js';
import type { Metric } from './snapshot.js';

const DEFAULT_MAX_SERIES = 1_000;

/** The instruments that are recorded to while requests run. */
export class Instruments {
  readonly http: Histogram;
  readonly rpc: Histogram;
  readonly request: Histogram;
  readonly rows: Histogram;
  readonly decode: Histogram;
  readonly queue: Histogram;
  readonly vectorize: Histogram;
  readonly encode: Histogram;
  readonly batchRows: Histogram;
  readonly batchWait: Histogram;
  readonly batchRun: Histogram;
  readonly tensor: Histogram;
  readonly infer: Histogram;
  readonly modelLoad: Histogram;
  readonly modelEvents: Counter;
  readonly all: readonly (Histogram | Counter)[];

  constructor({ durationBounds, maxSeries = DEFAULT_MAX_SERIES }: MetricOptions, startEpochMs: number) {
    const made: (Histogram | Counter)[] = [];
    const histogram = (definition: InstrumentDefinition): Histogram => {
      const isDuration = definition.unit === 's' && definition !== RECORDED.modelLoad;
      const bounded = isDuration && durationBounds ? { ...definition, bounds: durationBounds } : definition;
      const instrument = new Histogram(bounded, maxSeries, startEpochMs);
      made.push(instrument);
      return instrument;
    };
    this.http = histogram(RECORDED.http);
    this.rpc = histogram(RECORDED.rpc);
    this.request = histogram(RECORDED.request);
    this.rows = histogram(RECORDED.rows);
    this.decode = histogram(RECORDED.decode);
    this.queue = histogram(RECORDED.queue);
    this.vectorize = histogram(RECORDED.vectorize);
    this.encode = histogram(RECORDED.encode);
    this.batchRows = histogram(RECORDED.batchRows);
    this.batchWait = histogram(RECORDED.batchWait);
    this.batchRun = histogram(RECORDED.batchRun);
    this.tensor = histogram(RECORDED.tensor);
    this.infer = histogram(RECORDED.infer);
    this.modelLoad = histogram(RECORDED.modelLoad);
    this.modelEvents = new Counter(RECORDED.modelEvents, maxSeries, startEpochMs);
    this.all = [...made, this.modelEvents];
  }

  read(): Metric[] {
    return this.all.map((instrument) => instrument.read());
  }
}
