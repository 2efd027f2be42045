/** Where a command runs and what it writes to: the process, or a test. */
export interface Terminal {
  readonly cwd: string;
  /** Bytes are for answers that are not text. */
  out(text: string | Uint8Array): void;
  err(text: string): void;
}

/** The command did what it was asked. */
export const OK = 0;
/** A check said no. */
export const CHECK_FAILED = 1;
/** It was understood, and could not be done. */
export const FAILED = 1;
/** The command line, or what it points to, cannot be used. */
export const USAGE = 2;

/** Ends a command with a text for the person who called it, without a stack. */
export class CommandError extends Error {
  constructor(
    message: string,
    readonly exitCode: number = USAGE,
  ) {
    super(message);
  }
}
