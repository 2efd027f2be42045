import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { oneOf } from '../settings/quantities.js';
import { callServer } from '../server-call/call-server.js';
import { connectionOf, withConnection } from '../server-call/connection.js';
import { CommandError, type Terminal } from '../terminal.js';
import { recordsTable } from './records-table.js';

interface InferFlags {
  readonly data?: string;
  readonly file?: string;
  readonly version?: string;
  readonly arrow?: boolean;
  readonly output: string;
}

const OUTPUTS = ['json', 'table', 'arrow'] as const;
const ARROW = 'application/vnd.apache.arrow.stream';
const JSON_TYPE = 'application/json';

const EXAMPLES = `
The rows are JSON: an array of records, {"records": [...]} or {"columns": {...}}; one record alone will do too. With
--arrow they are an Arrow IPC stream.

Examples:
  npx witan infer iris --data '[{"X": [3.4, 1.4, 0.2]}]'
  npx witan infer iris --file rows.json --output table
  cat rows.arrow | npx witan infer iris --arrow --file - --output arrow > answer.arrow
  WITAN_API_KEY=... npx witan infer iris --url https://models.example.org --version champion --file rows.json

Exit codes: 0 answered; 1 the server refused or is not there; 2 the command line cannot be used.
`;

/** `witan infer`. */
export function inferCommand(terminal: Terminal): Command {
  const command = new Command('infer')
    .summary('send rows to a model of a running server')
    .description('Sends rows to the typed service of a model and prints the answer.')
    .argument('<model>', "the model's name")
    .option('--data <json>', 'the rows')
    .option('--file <file>', 'a file with the rows; - reads them from the standard input')
    .option('--arrow', 'the file is an Arrow IPC stream')
    .option('--version <version>', "a version or an alias (default: the model's own)")
    .option('--output <form>', `${OUTPUTS.join(', ')}`, 'json')
    .addHelpText('after', EXAMPLES);
  withConnection(command, 'api-key-file');
  return command.action(async (model: string) => infer(model, command, terminal));
}

async function infer(model: string, command: Command, terminal: Terminal): Promise<void> {
  const flags = command.opts<InferFlags>();
  const output = oneOf(flags.output, '--output', OUTPUTS);
  const connection = await connectionOf(command, terminal);
  const query = flags.version === undefined ? '' : `?version=${encodeURIComponent(flags.version)}`;
  const answer = await callServer(connection, {
    method: 'POST',
    path: `/predictions/${encodeURIComponent(model)}${query}`,
    headers: {
      'content-type': flags.arrow ? ARROW : JSON_TYPE,
      accept: output === 'arrow' ? ARROW : JSON_TYPE,
    },
    body: flags.arrow ? await bytesOf(flags, terminal) : jsonRows(await bytesOf(flags, terminal)),
  });
  if (output === 'arrow') return terminal.out(answer);
  if (output === 'json') return terminal.out(`${answer.toString('utf8')}\n`);
  terminal.out(recordsTable(answer.toString('utf8')));
}

async function bytesOf({ data, file, arrow }: InferFlags, { cwd }: Terminal): Promise<Buffer> {
  if ((data === undefined) === (file === undefined))
    throw new CommandError('say which rows: --data JSON or --file FILE (- for the standard input), one of the two');
  if (data !== undefined) {
    if (arrow) throw new CommandError('--arrow goes with --file: bytes cannot stand in a command line');
    return Buffer.from(data);
  }
  if (file === '-') return standardInput();
  return readFile(resolve(cwd, file!)).catch((error: Error) => {
    throw new CommandError(`--file: ${error.message}`);
  });
}

async function standardInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** As it is, so that large integers stay what they are; a record alone becomes a list of one. */
function jsonRows(bytes: Buffer): Buffer {
  let value: object | string | number | boolean | null;
  try {
    value = JSON.parse(bytes.toString('utf8')) as typeof value;
  } catch (error) {
    throw new CommandError(`the rows are not JSON: ${(error as Error).message}`);
  }
  const isRecord =
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !('records' in value) &&
    !('columns' in value);
  return isRecord ? Buffer.concat([Buffer.from('['), bytes, Buffer.from(']')]) : bytes;
}
