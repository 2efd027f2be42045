import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Clock, systemClock } from '@witan/core';
import type { LogRecord } from '../../sink/log-record.js';
import { poisonError } from '../../sink/poison.js';
import type { Sink } from '../../sink/sink.js';
import { destinationError, unavailable } from '../destinations.errors.js';
import { otlpLogRecord } from './log-record-json.js';
import type { OtlpSinkOptions } from './otlp-sink-options.js';

const compress = promisify(gzip);
const DEFAULT_TIMEOUT_MS = 10_000;
const SCOPE = '"scope":{"name":"@witan/sinks"}';
/** The statuses of a request that will never be taken; others are tried again. */
const NEVER = new Set([400, 413, 415, 422]);
const MAX_ANSWER_CHARS = 300;

/** What a collector may answer: some records were refused, and which is not said. */
interface PartialSuccess {
  readonly partialSuccess?: { readonly rejectedLogRecords?: string | number; readonly errorMessage?: string };
}

/** Records as OpenTelemetry log records, over OTLP/HTTP in JSON: any collector takes them, no SDK is needed. */
export class OtlpSink implements Sink {
  readonly name: string;
  private readonly url: URL;
  private readonly clock: Clock;
  private readonly head: string;
  private closed = false;

  /** @throws {SINK_ERR_DESTINATION} when the address is none */
  constructor(private readonly options: OtlpSinkOptions = {}) {
    this.url = addressOf(options.url);
    this.name = `otlp+${this.url.protocol}//${this.url.host}${this.url.pathname}`;
    this.clock = options.clock ?? systemClock;
    const resource = { 'service.name': process.env['OTEL_SERVICE_NAME'] ?? 'witan', ...options.resource };
    const attributes = Object.entries(resource).map(([key, value]) => ({ key, value: { stringValue: value } }));
    this.head = `{"resourceLogs":[{"resource":${JSON.stringify({ attributes })},"scopeLogs":[{${SCOPE},"logRecords":[`;
  }

  async write(batch: readonly LogRecord[], signal: AbortSignal): Promise<void> {
    if (this.closed) throw destinationError('SINK_ERR_DESTINATION_CLOSED', `${this.name} is closed`);
    signal.throwIfAborted();
    if (batch.length === 0) return;
    const timeoutMs = this.options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const limit = new AbortController();
    const timer = this.clock.setTimer(() => limit.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    try {
      const request = await this.request(batch, AbortSignal.any([signal, limit.signal]));
      const { response, text } = await this.ask(request);
      this.settle(response, text, batch);
    } catch (error) {
      signal.throwIfAborted();
      throw limit.signal.aborted ? unavailable(this.name, limit.signal.reason) : error;
    } finally {
      timer.cancel();
    }
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  private async request(batch: readonly LogRecord[], signal: AbortSignal): Promise<RequestInit> {
    const text = `${this.head}${this.records(batch).join(',')}]}]}]}`;
    const gzipped = this.options.gzip ?? true;
    const headers = { ...this.options.headers, 'content-type': 'application/json' };
    return {
      method: 'POST',
      headers: gzipped ? { ...headers, 'content-encoding': 'gzip' } : headers,
      body: gzipped ? await compress(text) : text,
      redirect: 'error',
      signal,
    };
  }

  private records(batch: readonly LogRecord[]): string[] {
    const observed = this.clock.epochMs();
    return batch.map((record) => {
      try {
        return otlpLogRecord(record, observed);
      } catch (error) {
        throw poisonError(`${this.name}: ${(error as Error).message}`, [record.id], error);
      }
    });
  }

  private async ask(request: RequestInit): Promise<{ readonly response: Response; readonly text: string }> {
    try {
      const response = await fetch(this.url, request);
      return { response, text: await response.text() };
    } catch (error) {
      throw unavailable(this.name, (error as Error).cause ?? error);
    }
  }

  private settle(response: Response, text: string, batch: readonly LogRecord[]): void {
    const ids = batch.map(({ id }) => id);
    if (!response.ok) {
      const said = `HTTP ${response.status} ${text.slice(0, MAX_ANSWER_CHARS)}`;
      if (!NEVER.has(response.status))
        throw unavailable(this.name, new Error(said), retryAfterMs(response, this.clock));
      throw poisonError(`${this.name}: ${said}`, batch.length === 1 ? ids : undefined);
    }
    const { rejectedLogRecords = 0, errorMessage = '' } = partialSuccessOf(text);
    const rejected = Number(rejectedLogRecords);
    if (!(rejected > 0)) return;
    // Which ones is not said. Where it is not all of them, the batch is halved until it is.
    const which = rejected >= batch.length ? ids : undefined;
    throw poisonError(`${this.name}: ${rejected} of ${batch.length} records were rejected: ${errorMessage}`, which);
  }
}

function partialSuccessOf(text: string): NonNullable<PartialSuccess['partialSuccess']> {
  try {
    return (JSON.parse(text) as PartialSuccess | null)?.partialSuccess ?? {};
  } catch {
    // Some collectors answer 200 with nothing.
    return {};
  }
}

/** Seconds, or a date. */
function retryAfterMs({ headers }: Response, clock: Clock): number | undefined {
  const header = headers.get('retry-after');
  if (header === null) return undefined;
  if (/^\d{1,6}$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - clock.epochMs());
}

function addressOf(given: string | undefined): URL {
  const logs = process.env['OTEL_EXPORTER_OTLP_LOGS_ENDPOINT'];
  const text = given ?? logs ?? process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? 'http://127.0.0.1:4318';
  if (!URL.canParse(text) || !/^https?:/.test(text))
    throw destinationError('SINK_ERR_DESTINATION', `'${text}' is no address of a collector: write http://HOST:PORT`);
  const url = new URL(text);
  // OpenTelemetry's rule: the variable for all signals is a base, the others are whole addresses.
  if (url.pathname === '/') url.pathname = '/v1/logs';
  else if (given === undefined && logs === undefined) url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/logs`;
  return url;
}
