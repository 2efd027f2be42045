import type { Logger } from 'pino';
import { LineWriter } from './line-writer.js';
import { logError } from './log.errors.js';
import { DEFAULT_MAX_WAITING_BYTES, type LogLevel, type LogOutputOptions } from './log-options.js';

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** pino, writing to a {@link LineWriter}. */
export class LogOutput {
  private constructor(
    readonly pino: Logger,
    private readonly writer: LineWriter,
  ) {}

  /**
   * Opens the destination; pino is loaded here.
   * @param mixin gives what every line has beside its own fields
   * @throws {TEL_ERR_LOG_OPTION}
   */
  static async open(options: LogOutputOptions, mixin?: () => object): Promise<LogOutput> {
    const { level = 'info', destination = 'stdout', redact = [] } = options;
    if (!LEVELS.includes(level))
      throw logError('TEL_ERR_LOG_OPTION', `logs.level is '${level}': there are ${LEVELS.join(', ')}`);
    const maxWaitingBytes = options.maxWaitingBytes ?? DEFAULT_MAX_WAITING_BYTES;
    const writer = await LineWriter.open(destination, maxWaitingBytes, (file, cause) =>
      logError('TEL_ERR_LOG_OPTION', `logs.destination: '${file}' cannot be opened to append to`, { cause }),
    );
    const { pino } = await import('pino');
    try {
      return new LogOutput(pino(pinoOptions(level, redact, mixin), writer.stream as never), writer);
    } catch (cause) {
      const text = `logs.redact is ${JSON.stringify(redact)}: one of them is no path, as 'headers.authorization' or '*.password'`;
      throw logError('TEL_ERR_LOG_OPTION', text, { cause });
    }
  }

  /** Lines that were not written because too many waited. */
  get droppedLines(): number {
    return this.writer.droppedLines;
  }

  /** Resolves when what is there was written, or `limitMs` have passed. */
  close(limitMs: number): Promise<void> {
    return this.writer.close(limitMs);
  }
}

function pinoOptions(level: LogLevel, redact: readonly string[], mixin: (() => object) | undefined): object {
  return {
    level,
    base: null,
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    ...(redact.length > 0 && { redact: [...redact] }),
    ...(mixin && { mixin }),
  };
}
