import type { Access, RpcUnaryCall } from '@witan/core';
import { encodeMessage } from '../../../wire/encode-message.js';
import type { OipServer, SettingValue } from '../../infer-types.js';
import { unknownModel } from '../../server/faces.js';
import { requestError } from '../malformed.js';
import { MESSAGES } from '../messages/small-messages.js';
import { smallCall, type SmallCall } from './small-call.js';

interface TraceQuery {
  readonly settings?: Readonly<Record<string, { readonly value?: readonly string[] }>>;
  readonly model_name?: string;
}

interface LogValue {
  readonly bool_param?: boolean;
  readonly uint32_param?: number;
  readonly string_param?: string;
}

interface LogQuery {
  readonly settings?: Readonly<Record<string, LogValue>>;
}

type Settings = Readonly<Record<string, SettingValue>>;

/**
 * One call both reads and changes settings: reading needs what metadata needs, a change what changes the server.
 * @param admitChange throws for a caller who may not change the server.
 */
export function settingsCalls(
  server: OipServer,
  metadata: Access,
  admitChange: (call: RpcUnaryCall) => void,
): Readonly<Record<string, SmallCall>> {
  return {
    TraceSetting: smallCall(metadata, MESSAGES.TraceSettingRequest, (query: TraceQuery, call) => {
      const { settings, model_name: model } = query;
      if (settings) admitChange(call);
      if (model && !server.describe(model)) throw unknownModel(model);
      return traceAnswer(settings ? server.setTraceSettings(traceSettings(settings)) : server.traceSettings());
    }),
    LogSettings: smallCall(metadata, MESSAGES.LogSettingsRequest, ({ settings }: LogQuery, call) => {
      if (settings) admitChange(call);
      return logAnswer(settings ? server.setLogSettings(logSettings(settings)) : server.logSettings());
    }),
  };
}

/** No values ask for the default. */
function traceSettings(settings: NonNullable<TraceQuery['settings']>): Record<string, SettingValue | null> {
  return eachOf(settings, ({ value }) => value ?? null);
}

function traceAnswer(settings: Settings): Buffer {
  const lists = eachOf(settings, (value) => ({ value: Array.isArray(value) ? value : [String(value)] }));
  return encodeMessage(MESSAGES.TraceSettingResponse, { settings: lists });
}

function logSettings(settings: NonNullable<LogQuery['settings']>): Settings {
  return eachOf(settings, ({ bool_param, uint32_param, string_param }, name) => {
    const value = bool_param ?? uint32_param ?? string_param;
    if (value === undefined) throw requestError(`setting '${name.slice(0, 64)}' has no value`);
    return value;
  });
}

function logAnswer(settings: Settings): Buffer {
  return encodeMessage(MESSAGES.LogSettingsResponse, { settings: eachOf(settings, logValue) });
}

function logValue(value: SettingValue): LogValue {
  if (typeof value === 'boolean') return { bool_param: value };
  return typeof value === 'number' ? { uint32_param: value } : { string_param: String(value) };
}

function eachOf<A, B>(values: Readonly<Record<string, A>>, change: (value: A, name: string) => B): Record<string, B> {
  const out = Object.create(null) as Record<string, B>;
  for (const [name, value] of Object.entries(values)) out[name] = change(value, name);
  return out;
}
