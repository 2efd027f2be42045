import { type Clock, systemClock } from '@witan/core';
import { decodeArrowStream, encodeArrowStream, type Frame } from '@witan/core/frame';
import type { LogRecord } from '../sink/log-record.js';
import { replayError } from './replay.errors.js';

/** A service over HTTP that answers logged inputs again. */
export interface ServerTargetOptions {
  /** The service's whole address, or what gives it for a record: `http://127.0.0.1:3000/predictions/iris?version=4`. */
  readonly url: string | ((record: LogRecord) => string);
  /** Sent with every request, `authorization` for example. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How long an answer may take. @default 60_000 */
  readonly timeoutMs?: number;
  /** A server that is busy (429, 503) or not there is asked so often. @default 5 */
  readonly attempts?: number;
  /** Time, for tests. @default the system's */
  readonly clock?: Clock;
}

const ARROW = 'application/vnd.apache.arrow.stream';
const FIRST_WAIT_MS = 200;
const MAX_WAIT_MS = 10_000;

/** Sends Frames as Arrow streams, which keep every type and value. */
export function serverTarget(
  options: ServerTargetOptions,
): (input: Frame, record: LogRecord, signal: AbortSignal) => Promise<Frame> {
  const { url, headers, timeoutMs = 60_000, attempts = 5, clock = systemClock } = options;
  if (typeof url === 'string') addressOf(url);
  return async (input, record, signal) => {
    const address = addressOf(typeof url === 'function' ? url(record) : url);
    const body = encodeArrowStream(input) as Uint8Array<ArrayBuffer>;
    // As it was, where a header can hold it.
    const known: Record<string, string> = {};
    if (/^[\x21-\x7e]{1,128}$/.test(record.requestId)) known['x-request-id'] = record.requestId;
    for (let attempt = 1; ; attempt++) {
      const init = {
        method: 'POST',
        headers: { ...headers, ...known, 'content-type': ARROW, accept: ARROW },
        body,
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      };
      const response = await fetch(address, init).catch((error: unknown) => {
        if (signal.aborted || attempt >= attempts) throw (error as Error).cause ?? error;
        return undefined;
      });
      if (response?.ok) return decodeArrowStream(new Uint8Array(await response.arrayBuffer()));
      const isBusy = response === undefined || response.status === 429 || response.status === 503;
      if (!isBusy || attempt >= attempts) throw await refusal(response!);
      await pause(clock, waitMs(response, attempt), signal);
    }
  };
}

/** @throws {SINK_ERR_REPLAY} */
function addressOf(text: string): URL {
  if (URL.canParse(text) && /^https?:/.test(text)) return new URL(text);
  const example = 'http://127.0.0.1:3000/predictions/iris';
  throw replayError('SINK_ERR_REPLAY', `'${text}' is no address of a service: write it like ${example}`);
}

/** What the server said, under its own code. */
async function refusal(response: Response): Promise<Error> {
  const text = await response.text();
  const error = new Error(`HTTP ${response.status} ${text.slice(0, 300)}`) as Error & { code?: string };
  try {
    const wire = JSON.parse(text) as { error?: { code?: string; message?: string } };
    if (wire.error?.message !== undefined) error.message = wire.error.message;
    error.code = wire.error?.code ?? `HTTP_${response.status}`;
  } catch {
    error.code = `HTTP_${response.status}`;
  }
  return error;
}

function waitMs(response: Response | undefined, attempt: number): number {
  const header = response?.headers.get('retry-after') ?? '';
  const asked = /^\d{1,4}$/.test(header) ? Number(header) * 1000 : 0;
  return Math.min(MAX_WAIT_MS, Math.max(asked, FIRST_WAIT_MS * 2 ** (attempt - 1)));
}

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    const stop = (): void => {
      timer.cancel();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', stop, { once: true });
  });
}
