import type { LoadResult } from '../load/load-result.js';
import type { ServerProcess } from '../process/server-process.js';

/** One burst of load against one server. */
export interface Sample extends LoadResult {
  /** User and system time of all threads of the server for each request, in microseconds. */
  readonly cpuUs: number;
}

/** Runs a burst of load and takes the server's CPU time over it. */
export async function sample(server: ServerProcess, load: () => Promise<LoadResult>): Promise<Sample> {
  const before = server.cpuSeconds();
  const seen = await load();
  return { ...seen, cpuUs: ((server.cpuSeconds() - before) * 1e6) / seen.requests };
}
