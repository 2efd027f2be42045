import { PROTO_HELP, protoCommand } from './proto/proto-command.js';
import { CommandError, OK, type Terminal, USAGE } from './terminal.js';

const HELP = `Usage: witan <command> [options]

Commands:
  proto    print the .proto of an application's services, or hold it against a lock file

Run witan <command> --help for its options.
`;

/** Runs one command line and gives the exit code: 0 done, 1 a check failed, 2 it cannot be run. Never throws. */
export async function witan(args: readonly string[], terminal: Terminal): Promise<number> {
  const [command, ...rest] = args;
  try {
    if (command === 'proto') return await proto(rest, terminal);
    if (command === '--help' || command === '-h' || command === 'help') {
      terminal.out(HELP);
      return OK;
    }
    const seen = command === undefined ? 'no command given' : `there is no command '${command}'`;
    throw new CommandError(`${seen}: run witan --help`);
  } catch (error) {
    const known = error instanceof CommandError;
    terminal.err(`witan: ${known ? error.message : ((error as Error).stack ?? String(error))}\n`);
    return known ? error.exitCode : USAGE;
  }
}

async function proto(args: readonly string[], terminal: Terminal): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    terminal.out(PROTO_HELP);
    return OK;
  }
  return protoCommand(args, terminal);
}
