import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quantile } from '../stats.js';
import type { LoadOptions, LoadResult } from './load-result.js';
import { runTool } from './tool.js';

/** A gRPC request, and what its answer takes on the wire. */
export interface GrpcRequest {
  readonly url: string;
  /** The message behind its 5-byte header. */
  readonly bodyFile: string;
  /** DATA bytes of one good answer. A failed call is HTTP status 200 too, but carries no message. */
  readonly answerBytes: number;
}

const US_PER_MS = 1000;
/** Requests whose answer was under way when the time was up. */
const SUCCEEDED = /^requests: .* (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout$/m;
const DATA = /^traffic: .*\((\d+)\) data$/m;

/** Load over HTTP/2 without TLS, with `streams` calls in flight on each connection. */
export async function h2load(
  request: GrpcRequest,
  { connections, seconds, streams = 1, rate }: LoadOptions,
): Promise<LoadResult> {
  const folder = mkdtempSync(join(tmpdir(), 'h2load-'));
  const log = join(folder, 'requests.tsv');
  try {
    const output = await runTool('h2load', [
      ...['-t', '1', '-c', String(connections), '-m', String(streams), '-D', String(seconds)],
      ...(rate === undefined ? [] : [`--rps=${rate / connections}`]),
      ...['-d', request.bodyFile, '-H', 'content-type: application/grpc', '-H', 'te: trailers'],
      ...[`--log-file=${log}`, request.url],
    ]);
    return parseH2load(output, readFileSync(log, 'latin1'), seconds, request.answerBytes);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @throws {Error} when the report has another form */
export function parseH2load(output: string, log: string, seconds: number, answerBytes: number): LoadResult {
  const counts = SUCCEEDED.exec(output)?.slice(1).map(Number);
  const data = DATA.exec(output)?.[1];
  if (counts === undefined || data === undefined) throw new Error(`h2load printed no result: ${output}`);
  const [done, succeeded, ...bad] = counts as [number, number, ...number[]];
  const withoutMessage = Math.max(0, succeeded - Math.floor(Number(data) / answerBytes));
  const times = log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Number(line.slice(line.lastIndexOf('\t') + 1)) / US_PER_MS);
  return {
    requests: done,
    requestsPerSecond: done / seconds,
    p50Ms: quantile(times, 0.5),
    p99Ms: quantile(times, 0.99),
    errors: bad.reduce((sum, count) => sum + count, withoutMessage),
  };
}
