import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { checkProtoLock, protoFilesOf, protoOf, type ServiceDefinition, WitanError } from '@witan/core';
import { loadServices } from '../load-app.js';
import { CHECK_FAILED, CommandError, type Terminal } from '../terminal.js';

/** What `witan proto` is told. */
export interface ProtoArguments {
  readonly app: string;
  readonly name: string | undefined;
  readonly out: string | undefined;
  readonly lock: string | undefined;
  readonly write: boolean;
  readonly force: boolean;
}

/** Prints, writes or checks what `witan proto` is told to. @throws {CommandError} */
export async function printProto(options: ProtoArguments, terminal: Terminal): Promise<void> {
  const services = await loadServices(terminal.cwd, options.app, options.name);
  const text = made(services);
  if (options.lock !== undefined) lockCommand(options, options.lock, services, text, terminal);
  else if (options.out !== undefined) writeFiles(resolve(terminal.cwd, options.out), services, terminal);
  else terminal.out(text);
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
): void {
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
}

function refuseBreaks(lock: string, services: readonly ServiceDefinition[]): void {
  try {
    checkProtoLock(lock, services);
  } catch (error) {
    const hint = '\n(witan proto --write --force writes the lock anew)';
    throw WitanError.is(error) ? new CommandError(error.message + hint, CHECK_FAILED) : error;
  }
}
