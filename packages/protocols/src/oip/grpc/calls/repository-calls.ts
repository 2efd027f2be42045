import type { Access } from '@witan/core';
import { encodeMessage } from '../../../wire/encode-message.js';
import type { OipServer, Parameter } from '../../infer-types.js';
import { checkUnloadParameters } from '../../server/unload-parameters.js';
import { requestError } from '../malformed.js';
import { EMPTY, KSERVE_LOADED, KSERVE_UNLOADED, MESSAGES } from '../messages/small-messages.js';
import { smallCall, type SmallCall } from './small-call.js';

interface Order {
  readonly repository_name?: string;
  readonly model_name?: string;
  readonly parameters?: Readonly<Record<string, RepositoryParameter>>;
}

interface RepositoryParameter {
  readonly bool_param?: boolean;
  readonly int64_param?: number | bigint;
  readonly string_param?: string;
  readonly bytes_param?: Buffer;
}

type OrderParameters = Record<string, Parameter | Uint8Array>;

/** The index of the models, and orders to load and unload them. */
export function repositoryCalls(server: OipServer, metadata: Access): Readonly<Record<string, SmallCall>> {
  return {
    RepositoryIndex: smallCall(metadata, MESSAGES.RepositoryIndexRequest, ({ ready = false }: { ready?: boolean }) =>
      encodeMessage(MESSAGES.RepositoryIndexResponse, { models: server.index(ready) }),
    ),
    RepositoryModelLoad: smallCall('control', MESSAGES.RepositoryModelLoadRequest, async (order: Order) => {
      const { model, isKServe } = modelOf(order);
      await server.load(model, parametersOf(order));
      return isKServe ? encodeMessage(KSERVE_LOADED, { model_name: model, isLoaded: true }) : encodeMessage(EMPTY, {});
    }),
    RepositoryModelUnload: smallCall('control', MESSAGES.RepositoryModelUnloadRequest, async (order: Order) => {
      const { model, isKServe } = modelOf(order);
      checkUnloadParameters(parametersOf(order));
      await server.unload(model);
      return isKServe
        ? encodeMessage(KSERVE_UNLOADED, { model_name: model, isUnloaded: true })
        : encodeMessage(EMPTY, {});
    }),
  };
}

/** KServe's message has the model's name where Triton's has the repository's, and nothing else. */
function modelOf({ repository_name = '', model_name = '' }: Order): { model: string; isKServe: boolean } {
  const isKServe = model_name === '' && repository_name !== '';
  return { model: isKServe ? repository_name : model_name, isKServe };
}

/** Files are copied: the order may outlive its message. */
function parametersOf({ parameters = {} }: Order): OrderParameters {
  const out = Object.create(null) as OrderParameters;
  for (const [name, { bool_param, int64_param, string_param, bytes_param }] of Object.entries(parameters)) {
    const value = bool_param ?? int64_param ?? string_param ?? (bytes_param && new Uint8Array(bytes_param));
    if (value === undefined) throw requestError(`parameter '${name.slice(0, 100)}' has no value`);
    out[name] = value;
  }
  return out;
}
