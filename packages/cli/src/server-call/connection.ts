import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { CommandError, type Terminal } from '../terminal.js';

/** How a command reaches a server. */
export interface Connection {
  readonly url: URL;
  readonly key?: string;
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly certKey?: Buffer;
  readonly timeoutMs: number;
}

/** The flags as they are given. */
interface ConnectionFlags {
  readonly url: string;
  readonly apiKeyFile?: string;
  readonly adminKeyFile?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly certKey?: string;
  readonly timeout: string;
}

const DEFAULT_URL = 'http://127.0.0.1:3000';

/** Where the key of each flag stands when the flag is not given. */
const ENV = { 'api-key-file': 'WITAN_API_KEY', 'admin-key-file': 'WITAN_ADMIN_KEY' } as const;

/** Adds the flags that say which server, and who calls. `key`: the flag of the key that the command shows. */
export function withConnection(command: Command, key: keyof typeof ENV): Command {
  return command
    .option('--url <url>', 'the server (default: WITAN_URL, or http://127.0.0.1:3000)')
    .option(`--${key} <file>`, `a file with the key, alone or as name:key (default: ${ENV[key]})`)
    .option('--ca <file>', 'certificates that sign the server, PEM, beside those of the system')
    .option('--cert <file>', "this client's certificate, PEM, where the server asks for one")
    .option('--cert-key <file>', 'its private key, PEM')
    .option('--timeout <duration>', 'how long to wait for the answer', '60s');
}

/** @throws {CommandError} */
export async function connectionOf(command: Command, { cwd }: Terminal): Promise<Connection> {
  const flags = command.opts<ConnectionFlags>();
  const { duration } = await import('../settings/quantities.js');
  const read = async (flag: string, file: string | undefined): Promise<Buffer | undefined> =>
    file === undefined ? undefined : readFile(resolve(cwd, file)).catch((error: Error) => unreadable(flag, error));
  const [ca, cert, certKey] = await Promise.all([
    read('--ca', flags.ca),
    read('--cert', flags.cert),
    read('--cert-key', flags.certKey),
  ]);
  if ((cert === undefined) !== (certKey === undefined))
    throw new CommandError('--cert and --cert-key go together: give both');
  const isControl = command.options.some(({ long }) => long === '--admin-key-file');
  const key = await keyOf(flags, isControl ? ENV['admin-key-file'] : ENV['api-key-file'], cwd);
  return {
    url: urlOf(flags.url ?? process.env['WITAN_URL'] ?? DEFAULT_URL),
    timeoutMs: duration(flags.timeout, '--timeout'),
    ...(key !== undefined && { key }),
    ...(ca && { ca }),
    ...(cert && { cert, certKey }),
  };
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new CommandError(`--url: '${text}' is no address: write it like ${DEFAULT_URL}`);
  return url;
}

async function keyOf(
  { apiKeyFile, adminKeyFile }: ConnectionFlags,
  env: string,
  cwd: string,
): Promise<string | undefined> {
  const file = adminKeyFile ?? apiKeyFile;
  const flag = adminKeyFile === undefined ? '--api-key-file' : '--admin-key-file';
  if (file === undefined) return process.env[env] || undefined;
  const text = await readFile(resolve(cwd, file), 'utf8').catch((error: Error) => unreadable(flag, error));
  const lines = text.split('\n').map((line) => line.trim());
  const first = lines.find((line) => line !== '' && !line.startsWith('#'));
  const key = first?.replace(/^[A-Za-z0-9._@-]+:/, '');
  if (key !== undefined && /^[\x21-\x7e]+$/.test(key)) return key;
  throw new CommandError(`${flag}: ${file} holds no key: write it alone in a line, or as name:key`);
}

function unreadable(flag: string, error: Error): never {
  throw new CommandError(`${flag}: ${error.message}`);
}
