/** Where the repository says what an operator should know. */
export interface RepositoryLog {
  log(text: string): void;
  warn(text: string): void;
}

export const SILENT: RepositoryLog = { log: () => undefined, warn: () => undefined };
