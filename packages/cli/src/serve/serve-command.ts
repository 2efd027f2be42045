import { Command, Option } from 'commander';
import type { ListenOptions, TlsFiles } from '@witan/core';
import { CommandError, FAILED, type Terminal } from '../terminal.js';
import { readConfigFile } from './config-file.js';
import { dashed, SERVE_SETTINGS, type ServeSettings, SETTING_NAMES } from './serve-settings.js';
import { serveTarget } from './serve-target.js';

const DEFAULT_POLL_MS = 10_000;

const EXAMPLES = `
What is served: MODEL/VERSION/model.onnx or MODEL.onnx, with config.pbtxt or witan.yaml beside it; see
docs/guide/repository-layout.md. Every model gets POST /predictions/MODEL (JSON, Arrow), the gRPC service
MODEL.v1.MODELService, and the calls of the Open Inference Protocol under /v2, over HTTP and gRPC.

Examples:
  npx witan serve ./models
  npx witan serve iris.onnx --http 8080 --grpc off
  npx witan serve s3://bucket/models --lazy --max-bytes 8GiB
  npx witan serve ./models --model-control --admin-key-file admin.keys --tls-cert cert.pem --tls-key key.pem
  npx witan serve --config witan.yaml

Keys are asked for nowhere by default, and nobody may change what is served. Exit codes: 0 ended as asked to;
1 it cannot serve; 2 the command line or the configuration cannot be used.
`;

/** `witan serve`. */
export function serveCommand(terminal: Terminal): Command {
  const command = new Command('serve')
    .summary('serve a folder or a store of ONNX models, without code')
    .description('Serves every ONNX model of a folder or a store over HTTP and gRPC, and follows what changes there.')
    .argument('[where]', 'a folder, a .onnx file, s3://bucket/prefix, http(s)://…, az://… or gs://…')
    .option('--config <file>', 'settings in YAML, by the names below; flags go before them')
    .addHelpText('after', EXAMPLES);
  for (const name of SETTING_NAMES) {
    const { value, help, isOn, isOnlyInFile } = SERVE_SETTINGS[name];
    if (isOnlyInFile) continue;
    const flag = `--${isOn ? 'no-' : ''}${dashed(name)}`;
    command.option(value === undefined ? flag : `${flag} ${value}`, help);
    // On is the default; the flag goes before a file that says otherwise.
    if (isOn) command.addOption(new Option(`--${dashed(name)}`).hideHelp());
  }
  return command.action(async (where: string | undefined) => {
    await serve(where, await settingsOf(command, terminal), terminal);
  });
}

async function settingsOf(command: Command, { cwd }: Terminal): Promise<ServeSettings> {
  const given = command.opts<Record<string, string | boolean | undefined>>();
  const config = given['config'];
  const settings: Record<string, unknown> =
    config === undefined ? {} : { ...(await readConfigFile(cwd, String(config))) };
  for (const name of SETTING_NAMES) {
    const value = given[name];
    if (value === undefined || command.getOptionValueSource(name) === 'default') continue;
    const { read } = SERVE_SETTINGS[name];
    settings[name] = read ? read(String(value), { where: `--${dashed(name)}`, folder: cwd }) : value;
  }
  return settings;
}

async function serve(where: string | undefined, settings: ServeSettings, terminal: Terminal): Promise<void> {
  const what = where ?? settings.store;
  if (what === undefined)
    throw new CommandError("say what to serve, such as 'witan serve ./models', or give store in --config");
  check(settings);
  const target = await serveTarget(what, settings.name, terminal.cwd);
  await start({ settings, target, pollMs: settings.poll ?? DEFAULT_POLL_MS });
}

function check(settings: ServeSettings): void {
  const { tlsCert, tlsKey, mtlsCa, http, grpc, adminKeyFile, modelControl, processes = 1, quiet, logLevel } = settings;
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new CommandError('--tls-cert and --tls-key go together: give both');
  if (mtlsCa !== undefined && tlsCert === undefined)
    throw new CommandError('--mtls-ca needs --tls-cert and --tls-key too');
  if (settings.metricsAccess !== undefined && !settings.metrics)
    throw new CommandError('--metrics-access says who may scrape, but there is nothing to scrape: give --metrics too');
  if (settings.summaryBaselines !== undefined && !settings.summary)
    throw new CommandError('--summary-baselines says what summaries are compared with: give --summary too');
  if (settings.metrics && http === false)
    throw new CommandError('--metrics needs the HTTP port, and --http off takes it away');
  if (http === false && grpc === false) throw new CommandError('--http off and --grpc off leave nothing to serve on');
  if (adminKeyFile !== undefined && !modelControl)
    throw new CommandError('--admin-key-file says who may change models, but nobody may: give --model-control too');
  if (modelControl && processes !== 1)
    throw new CommandError(
      '--model-control works with one process: a call reaches one of several, and the others would not change',
    );
  if (quiet && logLevel !== undefined) throw new CommandError('--quiet and --log-level exclude one another');
}

/** Serves until a signal ends the process. */
async function start(facts: {
  settings: ServeSettings;
  target: Awaited<ReturnType<typeof serveTarget>>;
  pollMs: number;
}) {
  const [{ WitanError, WitanFactory }, { serveModule }, { ServeLogger }] = await Promise.all([
    import('@witan/core'),
    import('./serve-module.js'),
    import('./serve-logger.js'),
  ]);
  const { settings } = facts;
  const logger = new ServeLogger(settings.quiet ? 'error' : (settings.logLevel ?? 'log'));
  try {
    await WitanFactory.create(await serveModule(facts), { logger, abortOnError: false }).listen(
      listenOptionsOf(settings),
    );
  } catch (error) {
    if (!WitanError.is(error)) throw error;
    throw new CommandError(`${error.message} [${error.code}]`, FAILED);
  }
  await new Promise(() => undefined);
}

function listenOptionsOf({ http, grpc, host, processes, quiet, ...settings }: ServeSettings): ListenOptions {
  const tls = tlsOf(settings);
  return {
    ...(http !== undefined && { http }),
    ...(grpc !== undefined && { grpc }),
    ...(host !== undefined && { host }),
    ...(processes !== undefined && { processes }),
    ...(tls && { tls }),
    banner: !quiet,
  };
}

function tlsOf({ tlsCert, tlsKey, mtlsCa }: ServeSettings): TlsFiles | undefined {
  if (tlsCert === undefined || tlsKey === undefined) return undefined;
  return { certFile: tlsCert, keyFile: tlsKey, ...(mtlsCa !== undefined && { caFile: mtlsCa, requestCert: true }) };
}
