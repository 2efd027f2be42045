import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { STARTUP_REPORT, type StartupReporter, type StartupSection } from '@witan/core';
import { type ModelDescription, ModelRegistry, openStore } from '@witan/inference';
import { CommandError, FAILED } from '../terminal.js';
import type { ServeSettings } from './serve-settings.js';
import type { ServeTarget } from './serve-target.js';

/** What the command was told, for its parts of the banner. */
export interface ServeFacts {
  readonly settings: ServeSettings;
  readonly target: ServeTarget;
  readonly pollMs: number;
}

export const SERVE_FACTS = Symbol('witan.serveFacts');
const MAX_LINES = 20;
const LOOKED_FOR =
  'MODEL/VERSION/model.onnx, MODEL/model.onnx, MODEL.onnx (beside them config.pbtxt, witan.yaml, MLmodel)';

/** Which models are not served, and why; and that there are none, or that nobody can say whether there are. */
@Injectable()
export class StoreReport implements OnApplicationBootstrap, StartupReporter {
  constructor(
    @Inject(SERVE_FACTS) private readonly facts: ServeFacts,
    @Inject(ModelRegistry) private readonly registry: ModelRegistry,
  ) {}

  /** @throws {CommandError} when the store does not answer, and nothing of it was kept. */
  async onApplicationBootstrap(): Promise<void> {
    if (this.registry.describeAll().length > 0) return;
    const { store } = this.facts.target;
    const files = await filesOf(store).catch((error: Error) => {
      const text = `${store} cannot be asked for its models, and nothing that it had is kept on this machine: ${error.message}`;
      throw new CommandError(text, FAILED);
    });
    new Logger('Serve').warn(`no models in ${store} (${files} files): looked for ${LOOKED_FOR}`);
  }

  [STARTUP_REPORT](): StartupSection {
    const { settings, target, pollMs } = this.facts;
    const follow =
      settings.watch === false
        ? 'not looked at again by itself (--no-watch): witan models refresh'
        : `new models and versions are looked for every ${pollMs / 1000} s`;
    const all = this.registry.describeAll();
    const none = all.length === 0 ? [`no models: looked for ${LOOKED_FOR}`] : [];
    const broken = all.flatMap((model) => faultOf(model) ?? []);
    const more = broken.length > MAX_LINES ? [`and ${broken.length - MAX_LINES} more: witan models list`] : [];
    return { title: `Store  ${target.store}`, lines: [follow, ...none, ...broken.slice(0, MAX_LINES), ...more] };
  }
}

async function filesOf(store: string): Promise<number> {
  const opened = await openStore(store, { retry: { attempts: 1 } });
  try {
    return (await opened.list('')).length;
  } finally {
    await opened.close();
  }
}

function faultOf({ name, defaultVersion, versions, warning }: ModelDescription): string | undefined {
  if (defaultVersion !== undefined) return warning && `${name}: ${warning}`;
  const failed = versions.findLast(({ code }) => code !== undefined);
  if (!failed && versions.some(({ lazy, state }) => lazy || state === 'LOADING')) return undefined;
  return `NOT SERVED ${name}: ${failed?.reason || warning || 'no version of it can be loaded'}`;
}

/** Who may call, and where else than at the typed services. */
@Injectable()
export class AccessReport implements OnModuleInit, StartupReporter {
  constructor(@Inject(SERVE_FACTS) private readonly facts: ServeFacts) {}

  onModuleInit(): void {
    const { apiKeyFile, adminKeyFile, tlsCert } = this.facts.settings;
    if ((apiKeyFile ?? adminKeyFile) !== undefined && tlsCert === undefined)
      new Logger('Serve').warn(
        'keys are asked for without TLS: anyone on the way can read them (--tls-cert, --tls-key)',
      );
  }

  [STARTUP_REPORT](): StartupSection {
    const { apiKeyFile, modelControl, adminKeyFile, mtlsCa } = this.facts.settings;
    const predict =
      apiKeyFile === undefined ? 'no key needed (--api-key-file asks for one)' : 'with a key of --api-key-file';
    const control = !modelControl
      ? 'nobody may (--model-control)'
      : adminKeyFile === undefined
        ? 'anyone on this machine, without a key (--admin-key-file asks for one)'
        : 'with a key of --admin-key-file';
    return {
      title: 'Access',
      lines: [
        ...(mtlsCa === undefined ? [] : ['every caller needs a client certificate']),
        `predict: ${predict}`,
        `load, unload, alias, roll back: ${control}`,
        'list and describe models: GET /models, /v2 (Open Inference Protocol, REST and gRPC)',
      ],
    };
  }
}
