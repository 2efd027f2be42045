import { Command } from 'commander';
import type { ModelJson } from '@witan/inference';
import { type Call, callCommand } from '../server-call/call-command.js';
import type { Terminal } from '../terminal.js';
import { modelsTable, modelText } from './models-text.js';

const EXAMPLES = `
Examples:
  npx witan models list
  npx witan models show iris
  npx witan models alias iris champion 3       requests for ?version=champion go to version 3
  npx witan models rollback iris               back to the version before, until unpin or load
  WITAN_ADMIN_KEY=... npx witan models load iris --url https://models.example.org

What changes the server needs witan serve --model-control. Exit codes: 0 done; 1 the server refused or is not there;
2 the command line cannot be used.
`;

const path = (model: string, rest = ''): string => `/models/${encodeURIComponent(model)}${rest}`;
const aliasPath = (model: string, alias: string): string => path(model, `/aliases/${encodeURIComponent(alias)}`);
const withVersion = (version: string | undefined): string => JSON.stringify(version === undefined ? {} : { version });

const CALLS: readonly Call[] = [
  {
    name: 'list',
    usage: '',
    summary: 'all models: versions, states, aliases',
    changes: false,
    request: () => ({ method: 'GET', path: '/models' }),
  },
  {
    name: 'show',
    usage: '<model>',
    summary: 'one model with all its versions',
    changes: false,
    request: ([model]) => ({ method: 'GET', path: path(model!) }),
  },
  {
    name: 'load',
    usage: '<model> [version]',
    summary: 'load a model, or read it anew; it follows the store again',
    changes: true,
    request: ([model, version]) => ({ method: 'POST', path: path(model!, '/load'), body: withVersion(version) }),
  },
  {
    name: 'unload',
    usage: '<model> [version]',
    summary: 'let a model go, once what is under way is answered',
    changes: true,
    request: ([model, version]) => ({ method: 'POST', path: path(model!, '/unload'), body: withVersion(version) }),
  },
  {
    name: 'alias',
    usage: '<model> <alias> <version>',
    summary: 'name a version, or give the name to another one',
    changes: true,
    request: ([model, alias, version]) => ({
      method: 'PUT',
      path: aliasPath(model!, alias!),
      body: withVersion(version),
    }),
  },
  {
    name: 'unalias',
    usage: '<model> <alias>',
    summary: "take a version's name away",
    changes: true,
    request: ([model, alias]) => ({ method: 'DELETE', path: aliasPath(model!, alias!) }),
  },
  {
    name: 'rollback',
    usage: '<model>',
    summary: 'back to the version that answered before; it stays until unpin or load',
    changes: true,
    request: ([model]) => ({ method: 'POST', path: path(model!, '/rollback') }),
  },
  {
    name: 'unpin',
    usage: '<model>',
    summary: 'after a rollback: follow the store again',
    changes: true,
    request: ([model]) => ({ method: 'POST', path: path(model!, '/unpin') }),
  },
  {
    name: 'refresh',
    usage: '',
    summary: 'look at the store now, and wait until all that was found is loaded or has failed',
    changes: true,
    request: () => ({ method: 'POST', path: '/models/refresh' }),
  },
];

/** `witan models`. */
export function modelsCommand(terminal: Terminal): Command {
  const command = new Command('models')
    .summary('list and change the models of a running server')
    .usage('<command> [options]')
    .helpCommand('help [command]', 'print the help of a command')
    .description('Lists the models of a running server, and changes which of them are served.')
    .addHelpText('after', EXAMPLES);
  for (const call of CALLS) command.addCommand(callCommand(call, terminal, textOf));
  return command;
}

function textOf(answer: unknown): string {
  const { models } = answer as { models?: readonly ModelJson[] };
  return models ? modelsTable(models) : modelText(answer as ModelJson);
}
