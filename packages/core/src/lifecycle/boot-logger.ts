import { ConsoleLogger } from '@nestjs/common';
import { WitanError } from '../errors/witan-error.js';

/** Nest's console logger for warnings and errors, without what a failed boot would say twice. */
export class BootLogger extends ConsoleLogger {
  constructor() {
    super({ logLevels: ['warn', 'error', 'fatal'] });
  }

  override error(message: unknown, ...rest: unknown[]): void {
    // Nest prints what broke the boot with its stack; our own errors are printed in one line by the factory.
    if (WitanError.is(message) && rest.at(-1) === 'ExceptionHandler') return;
    super.error(message, ...rest);
  }
}
