import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { hrTime, type SpanOrigin } from '../traces/span-data.js';
import type { LogLevel } from './log-options.js';
import type { RequestLine } from './request-line.js';

/** OpenTelemetry's severities. */
const SEVERITY = { debug: 5, info: 9, warn: 13, error: 17 } as const satisfies Record<LogLevel, number>;

/** A line in the form that OpenTelemetry's exporters take. */
export function logRecord(origin: SpanOrigin, level: LogLevel, line: RequestLine, epochMs: number): ReadableLogRecord {
  const { msg, trace_id: traceId, span_id: spanId, headers, ...rest } = line;
  const time = hrTime(epochMs);
  const attributes: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(rest)) if (value !== undefined) attributes[`witan.${name}`] = value;
  for (const [name, value] of Object.entries(headers ?? {})) attributes[`http.request.header.${name}`] = value;
  return {
    hrTime: time,
    hrTimeObserved: time,
    ...(traceId !== undefined && spanId !== undefined && { spanContext: { traceId, spanId, traceFlags: 0 } }),
    severityText: level,
    severityNumber: SEVERITY[level] as number,
    body: msg,
    resource: origin.resource,
    instrumentationScope: origin.scope,
    attributes,
    droppedAttributesCount: 0,
  };
}
