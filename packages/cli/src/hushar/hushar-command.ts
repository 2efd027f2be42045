import { resolve } from 'node:path';
import { Command } from 'commander';
import { listenTarget } from '../settings/quantities.js';
import { CommandError, FAILED, type Terminal } from '../terminal.js';

interface HusharFlags {
  readonly config?: string;
  readonly http?: string;
  readonly grpc?: string;
  readonly host?: string;
  readonly trusted?: boolean;
}

const EXAMPLES = `
The file is a service config of Hushar: model_path, model_id, vectorization_instruction_path, port_number and
connection_concurrency; paths may be s3://bucket/key. Its clients call hushar.Hushar/InferenceService as they are.

Examples:
  npx witan hushar --config service.json
  npx witan hushar --config service.json --grpc 8279 --http 8080

Exit codes: 0 ended as asked to; 1 it cannot serve; 2 the command line cannot be used.
`;

/** `witan hushar`. */
export function husharCommand(terminal: Terminal): Command {
  const command = new Command('hushar')
    .summary('serve a Hushar service config as it is')
    .description("Serves a model by Hushar's gRPC protocol, as one of its service configs says.")
    .option('--config <file>', 'the service config, JSON')
    .option('--grpc <port|path>', "in place of the config's port_number")
    .option('--http <port|path|off>', 'health, docs and /openapi.json over HTTP too (default: off)')
    .option('--host <address>', 'the address to bind (default: 0.0.0.0)')
    .option('--trusted', 'skip the trial of the model in a process of its own')
    .addHelpText('after', EXAMPLES);
  return command.action(async () => serve(command.opts<HusharFlags>(), terminal));
}

async function serve({ config: file, http, grpc, host, trusted }: HusharFlags, { cwd }: Terminal): Promise<void> {
  if (file === undefined) throw new CommandError('give the service config: witan hushar --config service.json');
  const ports = {
    ...(http !== undefined && { http: listenTarget(http, '--http') }),
    ...(grpc !== undefined && { grpc: listenTarget(grpc, '--grpc') }),
    ...(host !== undefined && { host }),
  };
  const { husharApplication, husharListenOptions, readHusharConfig } = await import('@witan/protocols');
  const { WitanError } = await import('@witan/core');
  const { ServeLogger } = await import('../serve/serve-logger.js');
  try {
    const config = await readHusharConfig(resolve(cwd, file));
    const create = { logger: new ServeLogger('log'), abortOnError: false };
    const app = await husharApplication(config, { create, ...(trusted && { model: { trusted } }) });
    await app.listen({ ...husharListenOptions(config), ...ports });
  } catch (error) {
    if (!WitanError.is(error)) throw error;
    throw new CommandError(`${error.message} [${error.code}]`, error.code === 'HUSHAR_ERR_CONFIG' ? undefined : FAILED);
  }
  await new Promise(() => undefined);
}
