import type { InstrumentDefinition } from './instrument.js';

/** Those that OpenTelemetry recommends for HTTP, with finer ones before them: a small model answers in 0.1 ms. */
export const DURATION_BOUNDS: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];
const ROW_BOUNDS: readonly number[] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 16384, 65536];
const LOAD_BOUNDS: readonly number[] = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

const REQUEST = ['service', 'model', 'version', 'alias', 'experiment', 'variant', 'transport'] as const;
const MODEL = ['model', 'version'] as const;

type Kind = InstrumentDefinition['kind'];

const define = (
  name: string,
  kind: Kind,
  unit: string,
  labels: readonly string[],
  description: string,
  bounds?: readonly number[],
): InstrumentDefinition => ({ name, kind, unit, labels, description, ...(bounds && { bounds }) });

const duration = (name: string, labels: readonly string[], description: string): InstrumentDefinition =>
  define(name, 'histogram', 's', labels, description, DURATION_BOUNDS);

/** What is recorded while requests run. */
export const RECORDED = {
  http: duration(
    'http.server.request.duration',
    ['http.request.method', 'http.route', 'http.response.status_code', 'error.type'],
    'From a request’s headers to the last byte of its answer, every route of the HTTP port',
  ),
  rpc: duration(
    'rpc.server.call.duration',
    ['rpc.system.name', 'rpc.method', 'rpc.response.status_code', 'error.type'],
    'From a call’s message to the end of its answer, every method of the gRPC port',
  ),
  request: duration(
    'witan.request.duration',
    [...REQUEST, 'outcome'],
    'A request of a service, of OIP or of Hushar, without encoding',
  ),
  rows: define('witan.request.rows', 'histogram', '{row}', REQUEST, 'Rows of a request', ROW_BOUNDS),
  decode: duration('witan.request.decode.duration', REQUEST, 'From the body’s bytes to a validated Frame'),
  queue: duration(
    'witan.request.queue.duration',
    REQUEST,
    'What a request waited in gates, for a batch and for its turn',
  ),
  vectorize: duration('witan.request.vectorize.duration', REQUEST, 'Features to the model’s input'),
  encode: duration('witan.request.encode.duration', REQUEST, 'From the answer’s Frame to bytes'),
  batchRows: define('witan.batch.rows', 'histogram', '{row}', ['gate', 'closed_by'], 'Rows of a batch', ROW_BOUNDS),
  batchWait: duration('witan.batch.wait.duration', ['gate', 'closed_by'], 'What the oldest request of a batch waited'),
  batchRun: duration('witan.batch.run.duration', ['gate', 'outcome'], 'A batch’s run: the handler, or the model'),
  tensor: duration('witan.model.tensor.duration', MODEL, 'Columns to tensors and back, each run of a model'),
  infer: duration(
    'witan.model.infer.duration',
    [...MODEL, 'outcome'],
    'Each run of a model, with the way to its worker and back',
  ),
  modelEvents: define(
    'witan.model.events',
    'counter',
    '{event}',
    [...MODEL, 'event', 'outcome'],
    'Versions of models that were loaded, took over, were unloaded or evicted',
  ),
  modelLoad: define(
    'witan.model.load.duration',
    'histogram',
    's',
    [...MODEL, 'outcome'],
    'From a model’s file to the warm model',
    LOAD_BOUNDS,
  ),
} as const satisfies Record<string, InstrumentDefinition>;

/** What is asked for when metrics are collected: `witan.collect`. */
export const COLLECTED: readonly InstrumentDefinition[] = [
  define('witan.batch.queue.rows', 'gauge', '{row}', ['gate'], 'Rows that wait at a gate'),
  define('witan.batch.queue.requests', 'gauge', '{request}', ['gate'], 'Requests that wait at a gate'),
  define('witan.batch.in_flight', 'gauge', '{batch}', ['gate'], 'Batches that run'),
  define('witan.batch.in_flight.rows', 'gauge', '{row}', ['gate'], 'Rows that run'),
  define('witan.batch.concurrency', 'gauge', '{batch}', ['gate'], 'Batches of a gate that may run at once'),
  define('witan.batch.busy.time', 'counter', 's', ['gate'], 'Time of all runs of a gate added up'),
  define('witan.batch.failures', 'counter', '{batch}', ['gate'], 'Runs that failed'),
  define(
    'witan.batch.dropped',
    'counter',
    '{request}',
    ['gate', 'reason'],
    'Requests that a gate refused (full, late) or let go (cancelled, expired)',
  ),
  define('witan.model.loaded', 'gauge', '{model}', [...MODEL, 'mode'], '1 for each version that is loaded'),
  define('witan.model.size', 'gauge', 'By', MODEL, 'The file of a version that is loaded'),
  define('witan.model.rows', 'counter', '{row}', MODEL, 'Rows that a version has run'),
  define('witan.runner.concurrency', 'gauge', '{run}', MODEL, 'Runs of a model that may be under way at once'),
  define('witan.runner.busy.time', 'counter', 's', MODEL, 'Time of all runs of a model added up'),
  define('witan.vectorize.rows', 'counter', '{row}', MODEL, 'Rows that were vectorised'),
  define(
    'witan.vectorize.defaults',
    'counter',
    '{cell}',
    [...MODEL, 'feature'],
    'Cells that were missing and got their feature’s default',
  ),
  define(
    'witan.vectorize.unknown',
    'counter',
    '{cell}',
    [...MODEL, 'feature'],
    'Texts that no category or embedding of the feature knows',
  ),
];

/** What is looked up when metrics are collected. */
export const PROCESS = {
  httpActive: define(
    'http.server.active_requests',
    'updown',
    '{request}',
    [],
    'Requests of the HTTP port whose answer is due',
  ),
  active: define(
    'witan.server.active_requests',
    'updown',
    '{request}',
    ['transport'],
    'Requests of both ports whose answer is due',
  ),
  utilization: define(
    'witan.runner.utilization',
    'gauge',
    '1',
    MODEL,
    'Share of its runners’ time that a model was running, since the last look (a second ago or more)',
  ),
  loopDelayMean: define(
    'nodejs.eventloop.delay.mean',
    'gauge',
    's',
    [],
    'How late the event loop was on average, since the last look',
  ),
  loopDelayP50: define('nodejs.eventloop.delay.p50', 'gauge', 's', [], 'Median'),
  loopDelayP99: define('nodejs.eventloop.delay.p99', 'gauge', 's', [], '99th percentile'),
  loopDelayMax: define('nodejs.eventloop.delay.max', 'gauge', 's', [], 'Largest'),
  loopUtilization: define(
    'nodejs.eventloop.utilization',
    'gauge',
    '1',
    [],
    'Share of time that the event loop was not idle, since the last look',
  ),
  memory: define(
    'process.memory.usage',
    'updown',
    'By',
    [],
    'Resident memory of the process, its worker threads included',
  ),
  heap: define('v8js.memory.heap.used', 'updown', 'By', ['v8js.heap.space.name'], 'JavaScript heap of the main thread'),
  cpu: define('process.cpu.time', 'counter', 's', ['cpu.mode'], 'CPU time of the process'),
  uptime: define('process.uptime', 'gauge', 's', [], 'Since the process began'),
  errors: define(
    'witan.telemetry.errors',
    'counter',
    '{error}',
    ['feature'],
    'What parts of telemetry failed with; no request saw it',
  ),
  overflows: define(
    'witan.telemetry.overflows',
    'counter',
    '{lookup}',
    ['instrument'],
    'Times that a new series was one too many and was counted under `other`',
  ),
  invalid: define(
    'witan.telemetry.invalid',
    'counter',
    '{value}',
    ['instrument'],
    'Values that were NaN, infinite or negative, and were not recorded',
  ),
} as const satisfies Record<string, InstrumentDefinition>;

/** Every instrument that metrics have by themselves. Summaries and traces add their own. */
export const CATALOGUE: readonly InstrumentDefinition[] = [
  ...Object.values(RECORDED),
  ...COLLECTED,
  ...Object.values(PROCESS),
];
