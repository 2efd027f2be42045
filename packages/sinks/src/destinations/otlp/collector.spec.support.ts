import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** OTLP's LogRecord in JSON. */
export interface OtlpRecord {
  readonly timeUnixNano: string;
  readonly observedTimeUnixNano: string;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly body: { readonly stringValue: string };
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly traceId?: string;
}

export interface CollectorAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** These of the records are kept. @default all with status 200, none with another */
  readonly keep?: (record: OtlpRecord) => boolean;
  /** Closes the connection, or never answers. */
  readonly fail?: 'cut' | 'stall';
}

/** A receiver of OTLP over HTTP that refuses what does not have the shape. */
export interface Collector {
  readonly url: string;
  readonly records: OtlpRecord[];
  readonly requests: {
    readonly path: string;
    readonly headers: Readonly<Record<string, unknown>>;
    readonly resource: unknown;
  }[];
  answer: ((records: readonly OtlpRecord[]) => CollectorAnswer | undefined) | undefined;
  close(): Promise<void>;
}

export async function startCollector(): Promise<Collector> {
  const state: Omit<Collector, 'url' | 'close'> = { records: [], requests: [], answer: undefined };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
    const { records, resource } = checked(text);
    state.requests.push({ path: request.url!, headers: request.headers, resource });
    const { status = 200, headers = {}, body = '{}', keep, fail } = state.answer?.(records) ?? {};
    if (fail === 'cut') return void request.socket.destroy();
    if (fail === 'stall') return;
    if (status === 200) state.records.push(...records.filter(keep ?? (() => true)));
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}

const KEYS = /^(timeUnixNano|observedTimeUnixNano|severityNumber|severityText|body|attributes|traceId|eventName)$/;
const VALUES = /^(stringValue|doubleValue|bytesValue)$/;

/** opentelemetry-proto, logs.proto in its JSON mapping: throws for what is not there. */
function checked(text: string): { records: OtlpRecord[]; resource: unknown } {
  const { resourceLogs, ...other } = JSON.parse(text) as {
    resourceLogs: { resource: unknown; scopeLogs: { logRecords: OtlpRecord[] }[] }[];
  };
  const [first, ...more] = resourceLogs;
  const records = first!.scopeLogs.flatMap((scope) => scope.logRecords);
  const isRight = Object.keys(other).length === 0 && more.length === 0 && records.length > 0 && records.every(isRecord);
  if (!isRight) throw new Error(`no ExportLogsServiceRequest: ${text}`);
  return { records, resource: first!.resource };
}

function isRecord(record: OtlpRecord): boolean {
  return (
    Object.keys(record).every((key) => KEYS.test(key)) &&
    /^\d{19}$/.test(record.timeUnixNano) &&
    /^\d{1,19}$/.test(record.observedTimeUnixNano) &&
    (record.traceId === undefined || /^[\da-f]{32}$/.test(record.traceId)) &&
    record.attributes.every(({ key, value }) => typeof key === 'string' && VALUES.test(Object.keys(value).join()))
  );
}
