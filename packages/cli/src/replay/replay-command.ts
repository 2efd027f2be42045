import { resolve } from 'node:path';
import type { Frame } from '@witan/core';
import type { ReplayReport } from '@witan/sinks';
import { Command } from 'commander';
import { callServer } from '../server-call/call-server.js';
import { type Connection, connectionOf, withConnection } from '../server-call/connection.js';
import { count, oneOf } from '../settings/quantities.js';
import { CHECK_FAILED, CommandError, FAILED, type Terminal } from '../terminal.js';

interface ReplayFlags {
  readonly model?: string;
  readonly version?: string;
  readonly path?: string;
  readonly absolute?: string;
  readonly relative?: string;
  readonly limit?: string;
  readonly concurrency: string;
  readonly examples: string;
  readonly skipDamaged?: boolean;
  readonly output: string;
}

const OUTPUTS = ['text', 'json'] as const;
const ARROW = 'application/vnd.apache.arrow.stream';
/** So many failures in a row, and no answer yet: nobody will answer the rest either. */
const HOPELESS = 20;

const EXAMPLES = `
The records are what a sink of @witan/sinks wrote: files or folders of .ndjson, .ndjson.gz, .parquet and Hushar's .pb, or
s3://BUCKET/PREFIX (keys and endpoint from the environment: AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL_S3, ...).

Examples:
  npx witan replay logs --model iris --version 4
  npx witan replay logs/dt=2026-03-04 --path /predictions/shop/42 --relative 1e-3 --limit 10000
  npx witan replay s3://records/iris --model iris --version champion --output json > report.json

Exit codes: 0 every answer is the same; 1 some differ, some failed, or the server is not there; 2 the command line cannot
be used.
`;

/** `witan replay`. */
export function replayCommand(terminal: Terminal): Command {
  const command = new Command('replay')
    .summary('ask a running server again what was logged, and compare')
    .description('Sends logged inputs to a running server and compares its answers with the logged ones.')
    .argument('<sources...>', 'files, folders, or s3://BUCKET/PREFIX')
    .option('--model <model>', 'the model of a server of `witan serve` that is to answer')
    .option('--version <version>', "a version or an alias of it (default: the model's own)")
    .option('--path <path>', 'any other service that is to answer, with its parameters: /predictions/shop/42')
    .option('--absolute <number>', 'how far floats may lie apart (default: by dtype, 1e-6 for f32)')
    .option('--relative <number>', 'the same as a part of the logged number (default: by dtype, 1e-6 for f32)')
    .option('--limit <records>', 'no more records than this (default: all)')
    .option('--concurrency <requests>', 'requests at a time', '4')
    .option('--examples <number>', 'differences and failures that are shown', '10')
    .option('--skip-damaged', 'tell what cannot be read, and go on')
    .option('--output <form>', `${OUTPUTS.join(', ')}`, 'text')
    .addHelpText('after', EXAMPLES);
  withConnection(command, 'api-key-file');
  return command.action(async (sources: string[]) => run(sources, command, terminal));
}

async function run(sources: readonly string[], command: Command, terminal: Terminal): Promise<void> {
  const flags = command.opts<ReplayFlags>();
  const output = oneOf(flags.output, '--output', OUTPUTS);
  const path = pathOf(flags);
  const options = optionsOf(flags);
  const connection = await connectionOf(command, terminal);
  const { formatReplayReport, readRecords, replay } = await import('@witan/sinks');
  const onDamage = (error: Error): void => terminal.err(`witan: left out: ${error.message}\n`);
  const places = sources.map((source) => (source.startsWith('s3://') ? source : resolve(terminal.cwd, source)));
  const records = readRecords(places, flags.skipDamaged ? { onDamage } : {});
  const stop = new AbortController();
  const report = await replay(records, await answerer(connection, path, stop), {
    ...options,
    signal: stop.signal,
  }).catch((error: Error & { code?: string }) => {
    if (!String(error.code).startsWith('SINK_ERR_')) throw error;
    const advice = flags.skipDamaged ? '' : ' (--skip-damaged goes on)';
    throw new CommandError(`${error.message}${error.code === 'SINK_ERR_SOURCE' ? advice : ''}`, FAILED);
  });
  if (stop.signal.aborted) throw stop.signal.reason;
  terminal.out(output === 'json' ? `${jsonOf(report)}\n` : formatReplayReport(report));
  if (report.different > 0 || report.failed > 0)
    throw new CommandError(`${report.different} rows differ, ${report.failed} records failed`, CHECK_FAILED);
}

function pathOf({ model, version, path }: ReplayFlags): string {
  if ((model === undefined) === (path === undefined))
    throw new CommandError('say who is to answer: --model NAME, or --path /the/path/of/a/service');
  if (path !== undefined) {
    if (version !== undefined) throw new CommandError('--version goes with --model: write it into --path');
    return path.startsWith('/') ? path : `/${path}`;
  }
  const query = version === undefined ? '' : `?version=${encodeURIComponent(version)}`;
  return `/predictions/${encodeURIComponent(model!)}${query}`;
}

function optionsOf({ absolute, relative, limit, concurrency, examples }: ReplayFlags) {
  const tolerance = {
    ...(absolute !== undefined && { absolute: tolerated(absolute, '--absolute') }),
    ...(relative !== undefined && { relative: tolerated(relative, '--relative') }),
  };
  return {
    ...(Object.keys(tolerance).length > 0 && { tolerance }),
    ...(limit !== undefined && { limit: count(limit, '--limit', Number.MAX_SAFE_INTEGER) }),
    concurrency: count(concurrency, '--concurrency', 256),
    maxExamples: count(examples, '--examples', 10_000),
  };
}

function tolerated(text: string, where: string): number {
  const number = text.trim() === '' ? NaN : Number(text);
  if (number >= 0 && Number.isFinite(number)) return number;
  throw new CommandError(`${where}: '${text}' is no number from 0 on: write 0.001 or 1e-3`);
}

/** Asks the server; gives up when it seems that nobody is there. */
async function answerer(connection: Connection, path: string, stop: AbortController) {
  const { decodeArrowStream, encodeArrowStream } = await import('@witan/core/frame');
  let failures = 0;
  return async (input: Frame): Promise<Frame> => {
    try {
      const body = encodeArrowStream(input);
      const headers = { 'content-type': ARROW, accept: ARROW };
      const answer = await callServer(connection, { method: 'POST', path, headers, body });
      failures = -Infinity;
      return decodeArrowStream(answer);
    } catch (error) {
      if (++failures === HOPELESS) stop.abort(error);
      throw error;
    }
  };
}

/** 64-bit integers as texts: JSON's readers would round them. */
function jsonOf(report: ReplayReport): string {
  const plain = (_: string, value: unknown): unknown => {
    if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) return String(value);
    return ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value;
  };
  return JSON.stringify(report, plain, 2);
}
