import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import { WitanError } from '@witan/core';
import { LOG_LEVELS, type ServeLogLevel } from './serve-settings.js';

/** What Nest says of its own boot. */
const NOISE = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
  'NestMicroservice',
]);

/** Lines of models that come and go, and of what goes wrong; on stderr, so that stdout has the banner alone. */
export class ServeLogger extends ConsoleLogger {
  constructor(level: ServeLogLevel) {
    super({ logLevels: levelsOf(level), prefix: 'Witan', colors: process.stderr.isTTY === true });
  }

  override log(message: unknown, ...rest: unknown[]): void {
    if (!NOISE.has(String(rest.at(-1)))) super.log(message, ...rest);
  }

  override error(message: unknown, ...rest: unknown[]): void {
    // What broke the boot is said once, by the command.
    if (rest.at(-1) !== 'ExceptionHandler' || !WitanError.is(message)) super.error(message, ...rest);
  }

  protected override printMessages(messages: unknown[], context?: string, level?: LogLevel): void {
    super.printMessages(messages, context, level, 'stderr');
  }
}

function levelsOf(level: ServeLogLevel): LogLevel[] {
  return ['fatal', ...LOG_LEVELS.slice(0, LOG_LEVELS.indexOf(level) + 1)];
}
