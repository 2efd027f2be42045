import { fileURLToPath } from 'node:url';
import type { LoadOptions, LoadResult } from './load-result.js';
import { runTool } from './tool.js';

const SCRIPT = fileURLToPath(new URL('../../wrk.lua', import.meta.url));

interface Seen {
  readonly requests: number;
  readonly microseconds: number;
  readonly p50: number;
  readonly p99: number;
  readonly status: number;
  readonly connect: number;
  readonly read: number;
  readonly write: number;
  readonly timeout: number;
}

/** What a request is: a GET without a body file. */
export interface HttpRequest {
  readonly url: string;
  readonly bodyFile?: string;
  /** Beside the body. @default { 'Content-Type': 'application/json' } */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Load over HTTP/1.1 with keep-alive: every connection sends its next request when it has its answer. */
export async function wrk(
  { url, bodyFile, headers = {} }: HttpRequest,
  { connections, seconds }: LoadOptions,
): Promise<LoadResult> {
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '20s', '-s', SCRIPT, url];
  const output = await runTool(
    'wrk',
    bodyFile === undefined ? args : [...args, '--', bodyFile, ...Object.entries(headers).flat()],
  );
  return parseWrk(output);
}

/** @throws {Error} when the script's line is not there */
export function parseWrk(output: string): LoadResult {
  const line = /^RESULT (.*)$/m.exec(output)?.[1];
  if (line === undefined) throw new Error(`wrk printed no result: ${output}`);
  const seen = JSON.parse(line) as Seen;
  return {
    requests: seen.requests,
    requestsPerSecond: seen.requests / (seen.microseconds / 1e6),
    p50Ms: seen.p50 / 1e3,
    p99Ms: seen.p99 / 1e3,
    errors: seen.status + seen.connect + seen.read + seen.write + seen.timeout,
  };
}
