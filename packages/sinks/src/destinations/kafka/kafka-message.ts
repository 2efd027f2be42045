import type { MessageToProduce } from '@platformatic/kafka';
import type { LogRecord } from '../../sink/log-record.js';
import { keyOf } from '../../policy/key-of.js';
import { encodeInferenceLogs } from '../hushar/encode-inference-logs.js';
import { jsonLine } from '../layout/json-line.js';
import type { KafkaSinkOptions } from './kafka-sink-options.js';

export type KafkaMessage = MessageToProduce<Buffer, Buffer, Buffer, Buffer>;

/** A record with the message that it became. */
export interface OutgoingRecord {
  readonly record: LogRecord;
  readonly message: KafkaMessage;
  readonly bytes: number;
}

const ID = Buffer.from('witan-record-id');
const TYPE = Buffer.from('content-type');
const TYPES = { json: Buffer.from('application/json'), hushar: Buffer.from('application/x-protobuf') };
/** What a message costs beside its key and value. */
const FRAMING_BYTES = 120;

/** A record's message: its key decides the partition and so the order; its id stands in a header, to tell duplicates. */
export function outgoing(record: LogRecord, { topic, key, value = 'json' }: KafkaSinkOptions): OutgoingRecord {
  const content = value === 'json' ? Buffer.from(jsonLine(record)) : encodeInferenceLogs([record]);
  const keyBytes = keyBytesOf(record, key);
  const message: KafkaMessage = {
    topic: typeof topic === 'string' ? topic : topic(record),
    ...(keyBytes && { key: keyBytes }),
    value: content,
    headers: new Map([
      [ID, Buffer.from(record.id)],
      [TYPE, TYPES[value]],
    ]),
    timestamp: BigInt(Math.max(0, Math.round(record.epochMs))),
  };
  return { record, message, bytes: content.length + (keyBytes?.length ?? 0) + FRAMING_BYTES };
}

function keyBytesOf(record: LogRecord, key: KafkaSinkOptions['key'] = 'requestId'): Buffer | undefined {
  if (typeof key === 'string') return Buffer.from(record[key]);
  if (typeof key === 'function') {
    const text = key(record);
    return text === undefined ? undefined : Buffer.from(text);
  }
  return Buffer.from(keyOf(record, key));
}
