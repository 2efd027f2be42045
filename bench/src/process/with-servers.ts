import { ServerProcess, type StartOptions } from './server-process.js';

/** A server to start: the path of its compiled file, and how. */
export interface ServerSpec extends StartOptions {
  readonly script: string;
}

/** Starts servers one after the other (so that none is slowed by another's start), and stops them whatever happens. */
export async function withServers<K extends string, T>(
  specs: Readonly<Record<K, ServerSpec>>,
  use: (servers: Readonly<Record<K, ServerProcess>>) => Promise<T>,
): Promise<T> {
  const started: Partial<Record<K, ServerProcess>> = {};
  try {
    for (const [name, { script, ...options }] of Object.entries(specs) as [K, ServerSpec][]) {
      started[name] = await ServerProcess.start(script, options);
    }
    return await use(started as Record<K, ServerProcess>);
  } finally {
    for (const server of Object.values<ServerProcess | undefined>(started)) await server?.stop();
  }
}
