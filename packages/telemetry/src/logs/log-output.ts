import type { Logger } from 'pino';
import { logError } from './log.errors.js';
import { DEFAULT_MAX_WAITING_BYTES, type LogLevel, type LogOutputOptions } from './log-options.js';

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
/** Lines are written together once so many bytes wait, or after the time below. */
const WRITE_BYTES = 8 * 1024;
const WRITE_EVERY_MS = 200;

/** The part of pino's destination that is needed. */
interface Destination {
  on(event: 'drop' | 'error', listener: (what: unknown) => void): void;
  once(event: 'ready' | 'error' | 'drain' | 'finish' | 'close', listener: (what?: unknown) => void): void;
  flush(done: (error?: Error | null) => void): void;
  end(): void;
}

/** JSON lines on their way to a file or a stream. Writing never waits for the disk or the reader. */
export class LogOutput {
  private dropped = 0;
  private readonly timer: NodeJS.Timeout;

  private constructor(
    readonly pino: Logger,
    private readonly destination: Destination,
  ) {
    destination.on('drop', () => void this.dropped++);
    // A disk that is full or a reader that is gone costs lines, not the process.
    destination.on('error', () => void this.dropped++);
    this.timer = setInterval(() => destination.flush(() => undefined), WRITE_EVERY_MS);
    this.timer.unref();
  }

  /**
   * Opens the destination; pino is loaded here.
   * @throws {TEL_ERR_LOG_OPTION}
   */
  static async open(options: LogOutputOptions, mixin?: () => object): Promise<LogOutput> {
    const {
      level = 'info',
      destination = 'stdout',
      redact = [],
      maxWaitingBytes = DEFAULT_MAX_WAITING_BYTES,
    } = options;
    if (!LEVELS.includes(level))
      throw logError('TEL_ERR_LOG_OPTION', `logs.level is '${level}': there are ${LEVELS.join(', ')}`);
    const { pino } = await import('pino');
    const target = pino.destination({
      dest: destination === 'stdout' ? 1 : destination === 'stderr' ? 2 : destination.file,
      sync: false,
      minLength: WRITE_BYTES,
      maxLength: maxWaitingBytes,
      append: true,
    }) as unknown as Destination;
    if (typeof destination === 'object') await opened(target, destination.file);
    return new LogOutput(
      made(() => pino(pinoOptions(level, redact, mixin), target as never), redact),
      target,
    );
  }

  /** Lines that were not written because too many waited. */
  get droppedLines(): number {
    return this.dropped;
  }

  /** Resolves when what is there was written, or `limitMs` have passed. */
  async close(limitMs: number): Promise<void> {
    clearInterval(this.timer);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.destination.flush(() => {
        clearTimeout(timer);
        resolve();
      });
    });
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

function opened(target: Destination, file: string): Promise<void> {
  return new Promise((resolve, reject) => {
    target.once('ready', () => resolve());
    target.once('error', (cause) =>
      reject(logError('TEL_ERR_LOG_OPTION', `logs.destination: '${file}' cannot be opened to append to`, { cause })),
    );
  });
}

function made(make: () => Logger, redact: readonly string[]): Logger {
  try {
    return make();
  } catch (cause) {
    const text = `logs.redact is ${JSON.stringify(redact)}: one of them is no path, as 'headers.authorization' or '*.password'`;
    throw logError('TEL_ERR_LOG_OPTION', text, { cause });
  }
}
