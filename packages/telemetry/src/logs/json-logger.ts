import type { LoggerService } from '@nestjs/common';
import { activeSpan, currentRequest, wantCurrentRequest } from '../traces/request-binding.js';
import { LogOutput } from './log-output.js';
import type { LogOutputOptions } from './log-options.js';

/** Nest's levels, and pino's for them. */
type Method = 'debug' | 'info' | 'warn' | 'error';

const CLOSE_MS = 2000;

/**
 * Nest's logger in JSON lines, each with the ids of the request that it was written in (where `TelemetryModule` has
 * `traces` or `logs`).
 * @example
 * const logger = await JsonLogger.open({ level: 'info' });
 * const app = await WitanFactory.create(AppModule, { logger });
 */
export class JsonLogger implements LoggerService {
  private closed = false;

  private constructor(private readonly output: LogOutput) {}

  /** @throws {TEL_ERR_LOG_OPTION} */
  static async open(options: LogOutputOptions = {}): Promise<JsonLogger> {
    wantCurrentRequest();
    return new JsonLogger(await LogOutput.open(options, requestIds));
  }

  log(message: unknown, ...more: unknown[]): void {
    this.write('info', message, more);
  }

  error(message: unknown, ...more: unknown[]): void {
    this.write('error', message, more);
  }

  warn(message: unknown, ...more: unknown[]): void {
    this.write('warn', message, more);
  }

  debug(message: unknown, ...more: unknown[]): void {
    this.write('debug', message, more);
  }

  verbose(message: unknown, ...more: unknown[]): void {
    this.write('debug', message, more);
  }

  fatal(message: unknown, ...more: unknown[]): void {
    this.write('error', message, more);
  }

  /** Resolves when all lines were written, or two seconds have passed. What is logged later is lost. */
  close(): Promise<void> {
    this.closed = true;
    return this.output.close(CLOSE_MS);
  }

  /** Nest gives the name of the class that logs as the last argument, of an error its stack before it. */
  private write(method: Method, message: unknown, more: readonly unknown[]): void {
    if (this.closed) return;
    const fields: Record<string, unknown> = {};
    const texts = more.filter((each) => typeof each === 'string');
    const context = texts.at(-1);
    if (context !== undefined && !context.includes('\n')) fields['context'] = context;
    const stack = texts.find((text) => text.includes('\n'));
    const error = [message, ...more].find((each) => each instanceof Error);
    if (stack !== undefined || error) fields['stack'] = stack ?? error!.stack;
    if (isPlain(message)) fields['fields'] = message;
    this.output.pino[method](fields, textOf(message));
  }
}

/** The ids of the request that is running. */
function requestIds(): object {
  const request = currentRequest();
  if (!request) return {};
  const { traceId, spanId, context } = request;
  const span = activeSpan();
  return {
    trace_id: traceId,
    span_id: span?.traceId === traceId ? span.spanId : spanId,
    ...(context && { requestId: context.requestId }),
  };
}

function isPlain(message: unknown): message is object {
  return typeof message === 'object' && message !== null && !(message instanceof Error);
}

function textOf(message: unknown): string {
  if (message instanceof Error) return message.message;
  if (isPlain(message)) return '';
  try {
    return String(message);
  } catch {
    return 'a value that cannot be shown';
  }
}
