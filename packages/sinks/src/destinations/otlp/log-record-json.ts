import type { LogRecord } from '../../sink/log-record.js';
import { encodeJsonRecords } from '@witan/core/frame';
import { typesText } from '../layout/column-types.js';

/** OpenTelemetry's severity numbers. */
const INFO = 9;
const ERROR = 17;

/**
 * A record as OTLP's LogRecord in JSON (opentelemetry-proto, "JSON Protobuf Encoding"): times as texts of nanoseconds,
 * ids in hex, enums as numbers. What is known of the request are attributes; the body is the JSON of `types`, `input`
 * and `output`.
 */
export function otlpLogRecord(record: LogRecord, observedEpochMs: number): string {
  const isError = record.error !== undefined;
  return JSON.stringify({
    timeUnixNano: nanos(record.epochMs),
    observedTimeUnixNano: nanos(observedEpochMs),
    severityNumber: isError ? ERROR : INFO,
    severityText: isError ? 'ERROR' : 'INFO',
    body: { stringValue: bodyOf(record) },
    attributes: attributesOf(record),
    // All zeros is no trace.
    ...(record.traceId !== undefined && /[1-9a-f]/.test(record.traceId) && { traceId: record.traceId }),
    eventName: 'witan.record',
  });
}

function nanos(epochMs: number): string {
  return String(BigInt(Math.max(0, Math.round(epochMs * 1000))) * 1000n);
}

function bodyOf({ input, output }: LogRecord): string {
  const members = [`"types":${typesText(input, output)}`];
  if (input) members.push(`"input":${encodeJsonRecords(input)}`);
  if (output) members.push(`"output":${encodeJsonRecords(output)}`);
  return `{${members.join(',')}}`;
}

function attributesOf(record: LogRecord): object[] {
  const texts: Readonly<Record<string, string | undefined>> = {
    'log.record.uid': record.id,
    'witan.request.id': record.requestId,
    'witan.record.kind': record.kind,
    'witan.record.point': record.point,
    'witan.service': record.service,
    'witan.model': record.model,
    'witan.model.version': record.version,
    'witan.model.alias': record.alias,
    'witan.experiment': record.experiment,
    'witan.variant': record.variant,
    'error.type': record.error?.code,
    'error.message': record.error?.message,
    'witan.request.content_type': record.raw?.contentType,
  };
  const numbers: Record<string, number> = { 'witan.duration': record.durationMs / 1000 };
  for (const [name, ms] of Object.entries(record.phases ?? {}))
    if (typeof ms === 'number') numbers[`witan.${name.slice(0, -2)}.duration`] = ms / 1000;
  const attributes: object[] = [];
  for (const [key, value] of Object.entries(texts))
    if (value !== undefined) attributes.push({ key, value: { stringValue: value } });
  for (const [key, value] of Object.entries(numbers)) attributes.push({ key, value: { doubleValue: value } });
  if (record.raw) {
    const bytesValue = Buffer.from(record.raw.body).toString('base64');
    attributes.push({ key: 'witan.request.body', value: { bytesValue } });
  }
  return attributes;
}
