import { createHash } from 'node:crypto';
import { type Clock, systemClock, WitanError } from '@witan/core';
import type { LogRecord } from '../../sink/log-record.js';
import { poisonError } from '../../sink/poison.js';
import type { Sink } from '../../sink/sink.js';
import { destinationError, unavailable } from '../destinations.errors.js';
import { PathTemplate, type Place } from '../layout/path-template.js';
import { type ObjectFormat, objectFormat } from './object-format.js';
import { type S3Address, s3Address } from './s3-address.js';
import { connectS3, type S3Connection } from './s3-connection.js';
import type { S3SinkOptions } from './s3-sink-options.js';

const DEFAULT_TIMEOUT_MS = 30_000;

/** The records of a batch that share an object. */
interface Share {
  readonly place: Place;
  readonly records: LogRecord[];
}

/**
 * Records as objects of a bucket, on AWS or any service that speaks its protocol: one object for each batch and
 * partition. Each object is asked for once; who writes the batch again overwrites the same keys, so nothing is there twice
 * unless the batch was cut differently.
 */
export class S3Sink implements Sink {
  readonly name: string;
  private readonly address: S3Address;
  private readonly clock: Clock;
  private readonly format: ObjectFormat;
  private readonly template: PathTemplate;
  private connection: Promise<S3Connection> | undefined;
  private closed = false;

  /** @throws {SINK_ERR_DESTINATION} when an option cannot be used */
  constructor(private readonly options: S3SinkOptions) {
    this.address = s3Address(options.url);
    this.name = `s3://${this.address.bucket}/${this.address.prefix}`;
    this.clock = options.clock ?? systemClock;
    this.format = objectFormat(options);
    this.template = new PathTemplate(options.key ?? this.format.key, options.name ?? 'records');
  }

  async write(batch: readonly LogRecord[], signal: AbortSignal): Promise<void> {
    if (this.closed) throw destinationError('SINK_ERR_DESTINATION_CLOSED', `${this.name} is closed`);
    const shares = this.shares(batch);
    const send = async (): Promise<void> => {
      for (let share = shares.shift(); share; share = shares.shift()) await this.put(share, signal);
    };
    const senders = Array.from({ length: Math.min(shares.length, this.options.concurrency ?? 4) }, send);
    // All are awaited, so that nothing is still being sent when this one fails.
    const failed = (await Promise.allSettled(senders)).find((each) => each.status === 'rejected');
    if (failed) throw failed.reason;
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.format.close();
    (await this.connection?.catch(() => undefined))?.client.destroy();
  }

  private shares(batch: readonly LogRecord[]): Share[] {
    const shares = new Map<string, Share>();
    for (const record of batch) {
      const place = this.template.place(record);
      const key = `${place.partition}\n${this.format.layout(record)}`;
      const share = shares.get(key);
      if (share) share.records.push(record);
      else shares.set(key, { place, records: [record] });
    }
    return [...shares.values()];
  }

  private async put({ place, records }: Share, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const key = this.address.prefix + place.path(uuidOf(records));
    const body = await this.format.encode(records).catch((error: unknown) => {
      if (WitanError.is(error)) throw error;
      throw poisonError(`${this.name}: ${(error as Error).message}`, undefined, error);
    });
    const limit = new AbortController();
    const timeoutMs = this.options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const timer = this.clock.setTimer(() => limit.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    try {
      const { sdk, client } = await (this.connection ??= this.connect());
      const input = { Bucket: this.address.bucket, Key: key, Body: body, ContentType: this.format.contentType };
      const abortSignal = AbortSignal.any([signal, limit.signal]);
      await client.send(new sdk.PutObjectCommand(input), { abortSignal });
    } catch (error) {
      signal.throwIfAborted();
      throw faultOf(limit.signal.aborted ? limit.signal.reason : error, `s3://${this.address.bucket}/${key}`);
    } finally {
      timer.cancel();
    }
  }

  private connect(): Promise<S3Connection> {
    const connection = connectS3(this.options);
    connection.catch(() => (this.connection = undefined));
    return connection;
  }
}

/** The same for the same records: a batch that is written again overwrites what was there of it. */
function uuidOf(records: readonly LogRecord[]): string {
  const hash = createHash('sha256');
  for (const { id } of records) hash.update(id).update('\n');
  const hex = hash.digest('hex');
  const variant = ((parseInt(hex[16]!, 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** What the SDK throws, by shape. */
interface S3Exception extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

/** Too large is for ever; who asks and where is for the operator to set right, and the records wait for it. */
function faultOf(error: unknown, what: string): unknown {
  if (WitanError.is(error)) return error;
  const { name, $metadata, $response } = error as S3Exception;
  if (name === 'EntityTooLarge' || $metadata?.httpStatusCode === 413)
    return poisonError(`${what}: the service says that it is too large`, undefined, error);
  const header = $response?.headers?.['retry-after'];
  const retryAfterMs = header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
  return unavailable(`${what}: ${name}`, error, retryAfterMs);
}
