import type { ProducerOptions } from '@platformatic/kafka';
import type { LogRecord } from '../../sink/log-record.js';

/** Options of `KafkaSink`. */
export interface KafkaSinkOptions {
  /** `HOST:PORT` of some brokers of the cluster. */
  readonly brokers: readonly string[];
  readonly topic: string | ((record: LogRecord) => string);
  /**
   * What a message's key is, and so what keeps its order: the request's id, the point's name, the first row's value of a
   * column of the input, or what a function gives (`undefined`: none). A record without that column has its request's id.
   * @default 'requestId'
   */
  readonly key?: 'requestId' | 'point' | { readonly column: string } | ((record: LogRecord) => string | undefined);
  /** `json`: the lines of NDJSON; `hushar`: a message `InferenceLogs` of the Hushar dialect. @default 'json' */
  readonly value?: 'json' | 'hushar';
  /** zstd needs Node 22.15. @default 'gzip' */
  readonly compression?: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  /** The broker drops what the client sends twice because an answer was lost. @default true */
  readonly idempotent?: boolean;
  /** Makes the topic when it is not there, if the cluster allows it. @default false */
  readonly createTopics?: boolean;
  /** What goes in one request, before it is compressed; a broker takes 1 MiB by default. @default 900_000 */
  readonly maxRequestBytes?: number;
  /** @default 'witan' */
  readonly clientId?: string;
  /** Certificates. @default no TLS */
  readonly tls?: ProducerOptions<Buffer, Buffer, Buffer, Buffer>['tls'];
  /** Who asks. @default nobody */
  readonly sasl?: ProducerOptions<Buffer, Buffer, Buffer, Buffer>['sasl'];
  /** How long a connection and an answer may take. @default 5_000 */
  readonly timeoutMs?: number;
}
