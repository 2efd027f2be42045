import { encodeJsonRecords } from '@witan/core/frame';
import type { LogRecord } from '../../sink/log-record.js';
import { typesText } from './column-types.js';

/**
 * A record as one line of JSON, without the line's end: what is known of the request, `input` and `output` as arrays of
 * records (values as Witan's JSON answers have them), and `types`, which a reader needs to restore the same columns.
 * What is absent has no key.
 */
export function jsonLine(record: LogRecord): string {
  const { input, output, raw } = record;
  // One literal: objects joined by spreading would take ten times as long to make and to write.
  let text = JSON.stringify({
    id: record.id,
    requestId: record.requestId,
    traceId: record.traceId,
    time: timeText(record.epochMs),
    epochMs: record.epochMs,
    kind: record.kind,
    point: record.point,
    service: record.service,
    model: record.model,
    version: record.version,
    alias: record.alias,
    experiment: record.experiment,
    variant: record.variant,
    durationMs: record.durationMs,
    phases: record.phases,
    error: record.error,
    raw: raw && { contentType: raw.contentType, body: base64(raw.body) },
  }).slice(0, -1);
  if (input || output) text += `,"types":${typesText(input, output)}`;
  if (input) text += `,"input":${encodeJsonRecords(input)}`;
  if (output) text += `,"output":${encodeJsonRecords(output)}`;
  return `${text}}`;
}

/** ISO 8601 in UTC; absent for a time that no date can hold. */
export function timeText(epochMs: number): string | undefined {
  const date = new Date(epochMs);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
