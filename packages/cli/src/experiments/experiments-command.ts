import { Command } from 'commander';
import type { ExperimentJson, ExperimentSummary } from '@witan/inference';
import { type Call, callCommand } from '../server-call/call-command.js';
import type { ServerRequest } from '../server-call/call-server.js';
import { CommandError, type Terminal } from '../terminal.js';
import { experimentsTable, experimentText, summaryText } from './experiments-text.js';

const EXAMPLES = `
Examples:
  npx witan experiments list
  npx witan experiments summary iris-new
  npx witan experiments weight iris-new challenger 0.2
  npx witan experiments kill iris-new              everything to the control, until revive

What changes the server needs witan serve --model-control. Exit codes: 0 done; 1 the server refused or is not there;
2 the command line cannot be used.
`;

const path = (experiment: string, rest = ''): string => `/experiments/${encodeURIComponent(experiment)}${rest}`;
const change = (experiment: string, body: object): ServerRequest => ({
  method: 'PATCH',
  path: path(experiment),
  body: JSON.stringify(body),
});

const CALLS: readonly Call[] = [
  {
    name: 'list',
    usage: '',
    summary: 'all experiments: variants and their shares',
    changes: false,
    request: () => ({ method: 'GET', path: '/experiments' }),
  },
  {
    name: 'show',
    usage: '<experiment>',
    summary: 'one experiment: variants, counts, shadows',
    changes: false,
    request: ([experiment]) => ({ method: 'GET', path: path(experiment!) }),
  },
  {
    name: 'summary',
    usage: '<experiment>',
    summary: 'what came of it: rates and means by variant, and how they differ',
    changes: false,
    request: ([experiment]) => ({ method: 'GET', path: path(experiment!, '/summary') }),
  },
  {
    name: 'weight',
    usage: '<experiment> <variant> <share>',
    summary: "a variant's share from 0 to 1; the control gets what is left",
    changes: true,
    request: ([experiment, variant, share]) => change(experiment!, { weights: { [variant!]: shareOf(share!) } }),
  },
  {
    name: 'kill',
    usage: '<experiment>',
    summary: 'everything to the control, and nothing to shadows',
    changes: true,
    request: ([experiment]) => change(experiment!, { killed: true }),
  },
  {
    name: 'revive',
    usage: '<experiment>',
    summary: 'undo kill',
    changes: true,
    request: ([experiment]) => change(experiment!, { killed: false }),
  },
];

/** `witan experiments`. */
export function experimentsCommand(terminal: Terminal): Command {
  const command = new Command('experiments')
    .summary('list and change the experiments of a running server')
    .usage('<command> [options]')
    .helpCommand('help [command]', 'print the help of a command')
    .description('Lists the experiments of a running server, changes what goes where, and says what came of them.')
    .addHelpText('after', EXAMPLES);
  for (const call of CALLS) command.addCommand(callCommand(call, terminal, textOf));
  return command;
}

function shareOf(text: string): number {
  const share = text.trim() === '' ? NaN : Number(text);
  if (share >= 0 && share <= 1) return share;
  throw new CommandError(`the share is '${text.slice(0, 32)}': give a number from 0 to 1, such as 0.1`);
}

function textOf(answer: unknown): string {
  const { experiments } = answer as { experiments?: readonly ExperimentJson[] };
  if (experiments) return experimentsTable(experiments);
  if ('sampleRatio' in (answer as object)) return summaryText(answer as ExperimentSummary);
  return experimentText(answer as ExperimentJson);
}
