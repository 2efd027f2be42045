import { encodeJsonRecords } from '@witan/core/frame';
import type { LogRecord } from '../../sink/log-record.js';
import { typesText } from './column-types.js';

/**
 * A record as one line of JSON, without the line's end: what is known of the request, `input` and `output` as arrays of
 * records (values as Witan's JSON answers have them), and `types`, which a reader needs to restore the same columns.
 * What is absent has no key.
 */
export function jsonLine(record: LogRecord): string {
  const { id, requestId, traceId, epochMs, kind, point, service, model, version, alias, experiment, variant } = record;
  const { error, durationMs, phases, raw, input, output } = record;
  const head = {
    ...{ id, requestId, traceId, time: timeText(epochMs), epochMs, kind, point, service },
    ...{ model, version, alias, experiment, variant, durationMs, phases, error },
    raw: raw && { contentType: raw.contentType, body: base64(raw.body) },
  };
  let text = JSON.stringify(head).slice(0, -1);
  if (input || output) text += `,"types":${typesText(input, output)}`;
  if (input) text += `,"input":${encodeJsonRecords(input)}`;
  if (output) text += `,"output":${encodeJsonRecords(output)}`;
  return `${text}}`;
}

/** ISO 8601 in UTC; absent for a time that no date can hold. */
function timeText(epochMs: number): string | undefined {
  const date = new Date(epochMs);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
