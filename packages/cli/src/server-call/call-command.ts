import { Command } from 'commander';
import type { Terminal } from '../terminal.js';
import { callForJson, type ServerRequest } from './call-server.js';
import { connectionOf, withConnection } from './connection.js';

/** A command that is one call of a running server. */
export interface Call {
  readonly name: string;
  /** What follows the name of the command. */
  readonly usage: string;
  readonly summary: string;
  readonly changes: boolean;
  /** The call as it is sent, of the arguments in the order of {@link usage}. */
  request(args: readonly string[]): ServerRequest;
}

/** @param textOf what is printed of the server's answer */
export function callCommand(
  { name, usage, summary, changes, request }: Call,
  terminal: Terminal,
  textOf: (answer: unknown) => string,
): Command {
  const command = new Command(name).summary(summary).description(`${summary[0]!.toUpperCase()}${summary.slice(1)}.`);
  for (const argument of usage.split(' ')) if (argument !== '') command.argument(argument);
  withConnection(command, changes ? 'admin-key-file' : 'api-key-file');
  command.option('--json', "print the server's answer as it is");
  return command.action(async (...given: unknown[]) => {
    const sent = request(given.filter((each): each is string => typeof each === 'string'));
    const connection = await connectionOf(command, terminal);
    const headers: Record<string, string> = sent.body === undefined ? {} : { 'content-type': 'application/json' };
    const answer = await callForJson(connection, { ...sent, headers });
    const isJson = command.opts<{ json?: boolean }>().json;
    terminal.out(isJson ? `${JSON.stringify(answer, undefined, 2)}\n` : textOf(answer));
  });
}
