import type { GenericError, Producer } from '@platformatic/kafka';
import type { LogRecord } from '../../sink/log-record.js';
import { poisonError } from '../../sink/poison.js';
import type { Sink } from '../../sink/sink.js';
import { destinationError, unavailable } from '../destinations.errors.js';
import { loadPeer } from '../load-peer.js';
import { Turns } from '../turns.js';
import { WrittenIds } from '../written-ids.js';
import { outgoing, type OutgoingRecord } from './kafka-message.js';
import type { KafkaSinkOptions } from './kafka-sink-options.js';

type RecordProducer = Producer<Buffer, Buffer, Buffer, Buffer>;

const DEFAULT_REQUEST_BYTES = 900_000;
/** What the broker says of records that it can never take. */
const NEVER = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD', 'CORRUPT_MESSAGE'];

/**
 * Records as messages of a Kafka topic, each acknowledged by all replicas in sync. One request is under way at a time, so
 * that the order of a key's records is the order in which they were written, also after errors.
 */
export class KafkaSink implements Sink {
  readonly name: string;
  private readonly turns = new Turns();
  private readonly written = new WrittenIds();
  private producer: Promise<RecordProducer> | undefined;
  private closed = false;

  /** @throws {SINK_ERR_DESTINATION} when an option cannot be used */
  constructor(private readonly options: KafkaSinkOptions) {
    if (options.brokers.length === 0)
      throw destinationError('SINK_ERR_DESTINATION', 'no brokers: name at least one HOST:PORT');
    const topic = typeof options.topic === 'string' ? options.topic : '(by record)';
    this.name = `kafka://${options.brokers.join(',')}/${topic}`;
  }

  write(batch: readonly LogRecord[], signal: AbortSignal): Promise<void> {
    return this.turns.take(async () => {
      if (this.closed) throw destinationError('SINK_ERR_DESTINATION_CLOSED', `${this.name} is closed`);
      const waiting = batch.filter((record) => !this.written.has(record));
      for (const part of this.requests(waiting)) {
        signal.throwIfAborted();
        await this.send(part, signal);
        this.written.add(part.map(({ record }) => record));
      }
      // Nobody waits any more, and it comes again: what is there is remembered.
      signal.throwIfAborted();
      this.written.settle(batch);
    });
  }

  close(): Promise<void> {
    return this.turns.take(async () => {
      this.closed = true;
      const producer = await this.producer?.catch(() => undefined);
      await producer?.close();
    });
  }

  /** As many records as go into one request. */
  private requests(records: readonly LogRecord[]): OutgoingRecord[][] {
    const requests: OutgoingRecord[][] = [];
    const limit = this.options.maxRequestBytes ?? DEFAULT_REQUEST_BYTES;
    let bytes = Infinity;
    for (const record of records) {
      const next = this.outgoing(record);
      bytes += next.bytes;
      if (bytes > limit) {
        requests.push([]);
        bytes = next.bytes;
      }
      requests.at(-1)!.push(next);
    }
    return requests;
  }

  private outgoing(record: LogRecord): OutgoingRecord {
    try {
      return outgoing(record, this.options);
    } catch (error) {
      throw poisonError(`${this.name}: ${(error as Error).message}`, [record.id], error);
    }
  }

  private async send(part: readonly OutgoingRecord[], signal: AbortSignal): Promise<void> {
    let gaveUp: (() => void) | undefined;
    const aborted = new Promise<never>((_, reject) => {
      gaveUp = () => reject(signal.reason as Error);
      signal.addEventListener('abort', gaveUp, { once: true });
    });
    try {
      const producer = await Promise.race([(this.producer ??= this.connect()), aborted]);
      await Promise.race([producer.send({ messages: part.map(({ message }) => message) }), aborted]);
    } catch (error) {
      this.renew();
      signal.throwIfAborted();
      throw this.faultOf(error, part);
    } finally {
      signal.removeEventListener('abort', gaveUp!);
    }
  }

  private async connect(): Promise<RecordProducer> {
    const { Producer: KafkaProducer } = await loadPeer('@platformatic/kafka', () => import('@platformatic/kafka'));
    const { brokers, clientId, compression, idempotent, createTopics, tls, sasl, timeoutMs = 5_000 } = this.options;
    const producer = new KafkaProducer<Buffer, Buffer, Buffer, Buffer>({
      clientId: clientId ?? 'witan',
      bootstrapBrokers: [...brokers],
      idempotent: idempotent ?? true,
      acks: -1,
      compression: compression ?? 'gzip',
      autocreateTopics: createTopics ?? false,
      timeout: timeoutMs,
      requestTimeout: timeoutMs,
      connectTimeout: timeoutMs,
      // Whoever writes the batch waits longer, and tries again.
      retries: 2,
      retryDelay: 100,
      ...(tls && { tls }),
      ...(sasl && { sasl }),
    });
    // Errors of connections come with the request that needed them.
    producer.on('error', () => undefined);
    return producer;
  }

  /**
   * After a failed request its numbers are not known to be used: with the same producer, a broker that has the lost batch
   * would take the next one of the same length for it, and drop it. A new one begins to count anew.
   */
  private renew(): void {
    const { producer } = this;
    this.producer = undefined;
    producer?.then((old) => old.close(true)).catch(() => undefined);
  }

  private faultOf(error: unknown, part: readonly OutgoingRecord[]): unknown {
    const ids = part.length === 1 ? [part[0]!.record.id] : undefined;
    const { findBy } = error as Partial<GenericError>;
    const never = NEVER.find((id) => findBy?.call(error, 'apiId', id));
    if (never !== undefined) return poisonError(`${this.name}: ${never}`, ids, error);
    return unavailable(this.name, deepest(error));
  }
}

/** The last of several errors says most: the first attempts' and the summary's texts only count. */
function deepest(error: unknown): unknown {
  const { errors } = error as AggregateError;
  return Array.isArray(errors) && errors.length > 0 ? deepest(errors.at(-1)) : error;
}
