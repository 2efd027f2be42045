import { Command } from 'commander';
import { CommandError, type Terminal } from '../terminal.js';
import type { ProtoArguments } from './print-proto.js';

const DEFAULT_APP = 'dist/app.module.js';
const LOCK_FILE = 'witan.lock.proto';

const EXAMPLES = `
Exit codes: 0 done; 1 the lock is broken or missing; 2 the command or the application cannot be used.

Examples:
  npx witan proto > iris.proto
  npx witan proto --write              once, and after every addition: commit ${LOCK_FILE}
  npx witan proto --lock               in CI
`;

interface ProtoFlags {
  readonly app: string;
  readonly export?: string;
  readonly out?: string;
  /** `true`: without a file. */
  readonly lock?: string | true;
  readonly write?: boolean;
  readonly force?: boolean;
}

/** `witan proto`. */
export function protoCommand(terminal: Terminal): Command {
  const command = new Command('proto')
    .summary("print the .proto of an application's services, or hold it against a lock file")
    .description(
      "Prints the .proto of an application's services. The application is not started: its compiled module is loaded and its decorators are read.",
    )
    .option('--app <file>', 'the compiled module', DEFAULT_APP)
    .option('--export <name>', 'the module class in that file (default: AppModule, or the only class)')
    .option('--out <folder>', 'write one .proto per package there instead of printing')
    .option('--lock [file]', `check that clients of the lock still work; for CI (default: ${LOCK_FILE})`)
    .option('--write', 'after the check, write the lock; makes it if there is none')
    .option('--force', 'with --write: write it even if clients break')
    .addHelpText('after', EXAMPLES);
  return command.action(async () => {
    const options = argumentsOf(command.opts<ProtoFlags>());
    await (await import('./print-proto.js')).printProto(options, terminal);
  });
}

function argumentsOf({ app, export: name, out, lock, write = false, force = false }: ProtoFlags): ProtoArguments {
  if (force && !write) throw new CommandError('--force only goes with --write');
  const file = lock === true || (lock === undefined && write) ? LOCK_FILE : lock;
  return { app, name, out, lock: file, write, force };
}
