import { Answer, type AnswerEvent, type Context, type ModelUse, type RequestEvent, toWitanError } from '@witan/core';
import { GRPC_CODES, METHODS } from '../events/conventions.js';
import { BoundSets } from './bound-sets.js';
import type { HistogramSeries } from './instrument.js';
import type { Instruments } from './instruments.js';
import type { TraceOf } from './metrics.js';

/** The series of one service, model, transport and outcome. */
interface RequestSeries {
  readonly total: HistogramSeries;
  readonly rows: HistogramSeries;
  readonly decode: HistogramSeries;
  readonly queue: HistogramSeries;
  readonly vectorize: HistogramSeries;
  readonly encode: HistogramSeries;
}

const SERIES = Symbol('witan.requestSeries');
type Marked = Context & { [SERIES]?: RequestSeries };

/** Records what `witan.request` and `witan.answer` tell. On the requests' way: nothing is made for each of them. */
export class RequestMetrics {
  private readonly requests = new BoundSets<RequestSeries>();
  private readonly answers = new BoundSets<HistogramSeries>();

  constructor(
    private readonly instruments: Instruments,
    private readonly traceOf: () => TraceOf | undefined,
    private readonly epochMs: () => number,
  ) {}

  readonly began = ({ context }: RequestEvent): void => {
    context.wantPhases();
  };

  readonly ended = (event: RequestEvent): void => {
    const { context, durationMs, rows } = event;
    const series = this.seriesOf(event);
    (context as Marked)[SERIES] = series;
    this.record(series.total, durationMs! / 1000, context);
    if (rows !== undefined) series.rows.record(rows);
    const { phases } = context;
    if (!phases) return;
    const { decodeMs, queueMs, vectorizeMs } = phases;
    if (decodeMs !== undefined) series.decode.record(decodeMs / 1000);
    if (queueMs !== undefined) series.queue.record(queueMs / 1000);
    if (vectorizeMs !== undefined) series.vectorize.record(vectorizeMs / 1000);
  };

  readonly answered = (event: AnswerEvent): void => {
    const { context, durationMs } = event;
    this.record(this.answerSeriesOf(event), durationMs / 1000, context);
    const encodeMs = context?.phases?.encodeMs;
    if (encodeMs !== undefined) (context as Marked)[SERIES]?.encode.record(encodeMs / 1000);
  };

  private record(series: HistogramSeries, value: number, context: Context | undefined): void {
    series.record(value);
    const traceOf = this.traceOf();
    if (traceOf === undefined || context === undefined) return;
    const trace = traceOf(context);
    if (trace) series.exemplify({ value, epochMs: this.epochMs(), traceId: trace.traceId, spanId: trace.spanId });
  }

  private seriesOf(event: RequestEvent): RequestSeries {
    const { service, context } = event;
    const { models, transport } = context;
    const use = models.length > 0 ? models[models.length - 1] : undefined;
    const outcome = outcomeOf(event);
    return (
      this.requests.get(service, use, transport, outcome) ??
      this.requests.put(service, use, transport, outcome, this.lookUp(service, use, transport, outcome))
    );
  }

  private lookUp(service: string, use: ModelUse | undefined, transport: string, outcome: string): RequestSeries {
    const { model = '', version = '', alias = '', experiment = '', variant = '' } = use ?? {};
    const values = [service, model, version, alias, experiment, variant, transport];
    const { request, rows, decode, queue, vectorize, encode } = this.instruments;
    return {
      total: request.series(...values, outcome),
      rows: rows.series(...values),
      decode: decode.series(...values),
      queue: queue.series(...values),
      vectorize: vectorize.series(...values),
      encode: encode.series(...values),
    };
  }

  private answerSeriesOf({ transport, route, method, status, code }: AnswerEvent): HistogramSeries {
    // gRPC has no method beside the route: `''` keeps the two apart.
    const known = this.answers.get(route, method, status, code);
    if (known) return known;
    const { http, rpc } = this.instruments;
    const series =
      transport === 'grpc'
        ? rpc.series('grpc', route === '' ? '_OTHER' : route, GRPC_CODES[status] ?? String(status), code ?? '')
        : http.series(METHODS.has(method) ? method : '_OTHER', route, String(status), code ?? '');
    return this.answers.put(route, method, status, code, series);
  }
}

/** `ok`; the category of what it failed with; `answered`: a handler said no by an Answer of its own. */
function outcomeOf({ error, result }: RequestEvent): string {
  if (error !== undefined) return OUTCOMES[toWitanError(error).category]!;
  return result instanceof Answer && result.status >= 400 ? 'answered' : 'ok';
}

/** Errors' categories are gRPC's codes. */
const OUTCOMES: Readonly<Record<string, string>> = Object.fromEntries(
  GRPC_CODES.map((category) => [category, category.toLowerCase()]),
);
