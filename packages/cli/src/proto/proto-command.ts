import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { checkProtoLock, LOCK_FILE, protoFilesOf, protoOf, type ServiceDefinition, WitanError } from '@witan/core';
import { DEFAULT_APP, loadServices } from '../load-app.js';
import { CHECK_FAILED, CommandError, OK, type Terminal } from '../terminal.js';

export const PROTO_HELP = `Usage: witan proto [options]

Prints the .proto of an application's services. The application is not started: its compiled module is loaded and its
decorators are read.

Options:
  --app <file>      the compiled module              (default ${DEFAULT_APP})
  --export <name>   the module class in that file    (default AppModule, or the only class)
  --out <folder>    write one .proto per package there instead of printing
  --lock [file]     check that clients of the lock still work; for CI    (default ${LOCK_FILE})
  --write           after the check, write the lock; makes it if there is none
  --force           with --write: write it even if clients break

Exit codes: 0 done; 1 the lock is broken or missing; 2 the command or the application cannot be used.

Examples:
  npx witan proto > iris.proto
  npx witan proto --write              once, and after every addition: commit ${LOCK_FILE}
  npx witan proto --lock               in CI
`;

interface ProtoArguments {
  readonly app: string;
  readonly name: string | undefined;
  readonly out: string | undefined;
  readonly lock: string | undefined;
  readonly write: boolean;
  readonly force: boolean;
}

/** `witan proto`: gives the exit code. */
export async function protoCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const options = parsed(args);
  const services = await loadServices(terminal.cwd, options.app, options.name);
  const text = made(services);
  if (options.lock !== undefined) return lockCommand(options, options.lock, services, text, terminal);
  if (options.out !== undefined) writeFiles(resolve(terminal.cwd, options.out), services, terminal);
  else terminal.out(text);
  return OK;
}

function parsed(args: readonly string[]): ProtoArguments {
  const { values } = read(withLockFile(args));
  const write = values.write ?? false;
  if (values.force && !write) throw new CommandError('--force only goes with --write');
  return {
    app: values.app ?? DEFAULT_APP,
    name: values.export,
    out: values.out,
    lock: values.lock ?? (write ? LOCK_FILE : undefined),
    write,
    force: values.force ?? false,
  };
}

function read(args: string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({ args, options: { app: text, export: text, out: text, lock: text, write: flag, force: flag } });
  } catch (error) {
    throw new CommandError(`${(error as Error).message.replace(/\.? To specify.*$/s, '')}: run witan proto --help`);
  }
}

/** `--lock` alone means the usual file. */
function withLockFile(args: readonly string[]): string[] {
  return args.flatMap((arg, i) => {
    const next = args[i + 1];
    return arg === '--lock' && (next === undefined || next.startsWith('--')) ? [`--lock=${LOCK_FILE}`] : [arg];
  });
}

function made(services: readonly ServiceDefinition[]): string {
  try {
    return protoOf(services);
  } catch (error) {
    throw new CommandError((error as Error).message);
  }
}

function writeFiles(folder: string, services: readonly ServiceDefinition[], terminal: Terminal): void {
  for (const { path, text } of protoFilesOf(services)) {
    const file = resolve(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    terminal.err(`wrote ${file}\n`);
  }
}

function lockCommand(
  options: ProtoArguments,
  name: string,
  services: readonly ServiceDefinition[],
  text: string,
  terminal: Terminal,
): number {
  const file = resolve(terminal.cwd, name);
  const before = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  if (before === undefined && !options.write) {
    throw new CommandError(`there is no ${file}: make it with witan proto --write, and commit it`, CHECK_FAILED);
  }
  if (before !== undefined && !options.force) refuseBreaks(before, services);
  if (options.write) {
    writeFileSync(file, text);
    terminal.err(before === text ? `${name} is up to date\n` : `wrote ${file}\n`);
  } else
    terminal.err(
      before === text ? `${name} holds\n` : `${name} holds; there are additions: witan proto --write adds them\n`,
    );
  return OK;
}

function refuseBreaks(lock: string, services: readonly ServiceDefinition[]): void {
  try {
    checkProtoLock(lock, services);
  } catch (error) {
    const hint = '\n(witan proto --write --force writes the lock anew)';
    throw WitanError.is(error) ? new CommandError(error.message + hint, CHECK_FAILED) : error;
  }
}
