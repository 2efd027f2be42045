import { execFile, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { dataFile } from '../paths.js';
import type { LoadOptions, LoadResult } from './load-result.js';

const VERSION = '0.120.0';
const NS_PER_MS = 1e6;
const PROTO = `syntax = "proto3";
package bench;
message Payload { bytes body = 1; }
service Echo { rpc Predict(Payload) returns (Payload); }
`;

/** ghz, built by Go on first use, or why it is not there. */
export type Ghz = { readonly path: string } | { readonly missing: string };

export function findGhz(): Ghz {
  const folder = dataFile('ghz');
  const path = `${folder}/ghz`;
  if (existsSync(path)) return { path };
  console.error('bench: building ghz (a minute, the first time)');
  const env = { ...process.env, GOBIN: folder, GOFLAGS: '' };
  const options = ['install', `github.com/bojand/ghz/cmd/ghz@v${VERSION}`];
  const { status, error, stderr } = spawnSync('go', options, { env, encoding: 'utf8' });
  if (status === 0) return { path };
  return { missing: `go install ghz: ${error?.message ?? stderr.trim().split('\n').at(-1)}` };
}

interface Report {
  readonly count: number;
  readonly rps: number;
  readonly latencyDistribution: readonly { readonly percentage: number; readonly latency: number }[];
  readonly statusCodeDistribution: Readonly<Record<string, number>>;
}

/** Load by grpc-go's client, which does all that a client of gRPC does: on the same machine it takes most of the time. */
export async function ghzLoad(
  path: string,
  port: number,
  message: Buffer,
  { connections, streams = 1, seconds }: LoadOptions,
): Promise<LoadResult> {
  const [proto, body] = [dataFile('echo.proto'), dataFile('payload.pb')];
  writeFileSync(proto, PROTO);
  writeFileSync(body, message);
  const { stdout } = await promisify(execFile)(
    path,
    [
      ...['--insecure', '--proto', proto, '--call', 'bench.Echo.Predict', '--binary-file', body, '-O', 'json'],
      ...['--connections', String(connections), '-c', String(connections * streams), '-z', `${seconds}s`],
      // Calls under way when the time is up are waited for, and are no errors then.
      ...['--duration-stop', 'wait', `127.0.0.1:${port}`],
    ],
    { maxBuffer: 1 << 28 },
  );
  const report = JSON.parse(stdout) as Report;
  const at = (percentage: number): number =>
    (report.latencyDistribution.find((one) => one.percentage === percentage)?.latency ?? NaN) / NS_PER_MS;
  return {
    requests: report.count,
    requestsPerSecond: report.rps,
    p50Ms: at(50),
    p99Ms: at(99),
    errors: report.count - (report.statusCodeDistribution['OK'] ?? 0),
  };
}
