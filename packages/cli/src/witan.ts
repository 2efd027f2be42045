import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { experimentsCommand } from './experiments/experiments-command.js';
import { husharCommand } from './hushar/hushar-command.js';
import { inferCommand } from './infer/infer-command.js';
import { modelsCommand } from './models/models-command.js';
import { serveCommand } from './serve/serve-command.js';
import { protoCommand } from './proto/proto-command.js';
import { replayCommand } from './replay/replay-command.js';
import { didYouMean } from './settings/did-you-mean.js';
import { CommandError, FAILED, OK, type Terminal } from './terminal.js';

const FOOTER = `
Run witan <command> --help for its options and examples.
`;

/** Runs one command line and gives the exit code: 0 done, 1 it failed or a check said no, 2 it cannot be run. Never throws. */
export async function witan(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const program = programOf(terminal);
    refuseUnknown(program, args);
    await program.parseAsync([...args], { from: 'user' });
    return OK;
  } catch (error) {
    return told(error, terminal);
  }
}

/** The commands; what each needs is loaded when it is called. */
function programOf(terminal: Terminal): Command {
  const program = new Command('witan')
    .usage('<command> [options]')
    .description('Serves ONNX models over HTTP and gRPC, and works with servers of Witan.')
    .version(versionText(), '-V, --version', 'print the version')
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText('after', FOOTER)
    // Commands have options of the same names.
    .enablePositionalOptions();
  const commands = [
    serveCommand,
    inferCommand,
    modelsCommand,
    experimentsCommand,
    replayCommand,
    husharCommand,
    protoCommand,
  ];
  for (const make of commands) program.addCommand(make(terminal));
  for (const command of withChildren(program)) prepare(command, terminal);
  return program;
}

function withChildren(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withChildren)];
}

function prepare(command: Command, terminal: Terminal): void {
  command
    .helpOption('-h, --help', 'print this help')
    .exitOverride((error) => {
      throw error.exitCode === 0 ? error : new CommandError(`${usageText(error)}: run ${pathOf(command)} --help`);
    })
    .showSuggestionAfterError(true)
    .configureHelp({ helpWidth: 118, sortOptions: false })
    .configureOutput({ writeOut: (text) => terminal.out(text), writeErr: () => undefined });
}

/** Says which command was probably meant, before commander says that it knows none. */
function refuseUnknown(program: Command, args: readonly string[]): void {
  const [name] = args;
  if (name === undefined) throw new CommandError('no command given: run witan --help');
  if (name.startsWith('-')) return;
  const known = [...program.commands.map((each) => each.name()), 'help'];
  if (known.includes(name)) return;
  throw new CommandError(`there is no command '${name}'${didYouMean(name, known)}: run witan --help`);
}

function told(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) return OK;
  const known = error instanceof CommandError;
  terminal.err(`witan: ${known ? error.message : ((error as Error).stack ?? String(error))}\n`);
  return known ? error.exitCode : FAILED;
}

/** What commander says of a command line, in one line. */
function usageText({ code, message }: CommanderError): string {
  if (code === 'commander.help') return 'no command given';
  const text = message
    .replace(/^error: /, '')
    .replace(/\.$/, '')
    .replace(/\s*\n\(Did you mean (.*)\?\)$/, " (did you mean '$1'?)");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

function versionText(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}
