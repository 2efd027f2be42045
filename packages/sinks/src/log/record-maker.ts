import { type Context, type KeptCall, type ModelUse, type RawRequest, toWitanError } from '@witan/core';
import type { LoggedError, LogRecord } from '../sink/log-record.js';
import { textOf } from '../sink/text-of.js';
import { ColumnChoice } from './columns.js';
import type { LogOptions } from './log-options.js';
import type { RecordIds } from './record-ids.js';
import { isSampled } from './text-hash.js';

/** A longer message of an error is cut off: it may hold a whole request. */
const MAX_MESSAGE = 1_000;
const UNSHOWN = 'left out, as columns are redacted';

/** Other protocols' callers know less than a Context does. */
type Caller = Partial<Context<object>>;

/** Makes records of calls, as one `@Log` wants them. */
export class RecordMaker {
  private readonly input: ColumnChoice;
  private readonly output: ColumnChoice;
  private readonly share: number;
  private readonly isRedacted: boolean;

  constructor(
    private readonly options: LogOptions,
    private readonly ids: RecordIds,
    hashKey: string,
  ) {
    this.input = new ColumnChoice(options.input, options, hashKey);
    this.output = new ColumnChoice(options.output, options, hashKey);
    this.share = options.sample ?? 1;
    this.isRedacted = Object.keys(options.redact ?? {}).length > 0;
  }

  get wantsPhases(): boolean {
    return this.options.phases === true;
  }

  /** Whether the request's calls are in the sample; one that has no id is one by itself. */
  wants({ requestId }: Caller): boolean {
    return this.share >= 1 || isSampled(requestId ?? this.ids.next(), this.share);
  }

  make(call: KeptCall): LogRecord {
    const id = this.ids.next();
    const context = call.context as Caller;
    const { point, models } = call;
    const use: Partial<ModelUse> = models.at(-1) ?? {};
    return {
      id,
      requestId: context.requestId ?? id,
      traceId: traceIdOf(context.traceparent),
      epochMs: call.epochMs,
      kind: point.kind,
      point: point.name,
      service: context.service ?? '',
      model: use.model,
      version: use.version,
      alias: use.alias,
      experiment: use.experiment,
      variant: use.variant,
      input: this.input.of(call.input),
      output: call.output && this.output.of(call.output),
      error: call.error === undefined ? undefined : errorOf(call.error, this.isRedacted),
      durationMs: call.durationMs,
      phases: this.wantsPhases ? call.phases && { ...call.phases } : undefined,
      raw: this.options.raw && context.raw ? copyOf(context.raw) : undefined,
    };
  }
}

/** The bytes may lie in what a connection reads into. */
function copyOf({ contentType, body }: RawRequest): RawRequest {
  return { contentType, body: new Uint8Array(body) };
}

/** `00-<trace id>-<span id>-<flags>`. */
function traceIdOf(traceparent: string | undefined): string | undefined {
  return traceparent !== undefined && traceparent.length >= 55 && traceparent.charCodeAt(35) === 45
    ? traceparent.slice(3, 35)
    : undefined;
}

/** Nobody knows which values a message tells: where columns are redacted, it is not kept. */
function errorOf(thrown: unknown, isRedacted: boolean): LoggedError {
  const { code } = toWitanError(thrown);
  return { code, message: isRedacted ? UNSHOWN : textOf(thrown).slice(0, MAX_MESSAGE) };
}
