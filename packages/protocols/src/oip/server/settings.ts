import { WitanError } from '@witan/core';
import type { SettingValue } from '../infer-types.js';
import { oipError } from '../oip.errors.js';

type Settings = Readonly<Record<string, SettingValue>>;

/** What Triton's trace settings are here: traces are not made by this protocol, so everything is off. */
export const TRACE_SETTINGS: Settings = {
  trace_level: ['OFF'],
  trace_rate: '0',
  trace_count: '0',
  log_frequency: '0',
  trace_file: '',
  trace_mode: 'opentelemetry',
};

/** Levels of Nest's logger that Triton has settings for. */
export const LOG_LEVELS = ['log', 'warn', 'error', 'verbose'] as const;

/** Triton's log settings, as the application's logger is set. */
export function logSettingsOf(enabled: readonly (typeof LOG_LEVELS)[number][]): Settings {
  return {
    log_file: '',
    log_info: enabled.includes('log'),
    log_warning: enabled.includes('warn'),
    log_error: enabled.includes('error'),
    log_verbose_level: enabled.includes('verbose') ? 1 : 0,
    log_format: 'default',
  };
}

/**
 * Settings that are asked to be what they are; anything else is refused, because nothing here would follow it.
 * `null` asks for the default, which they have.
 * @throws {OIP_ERR_REQUEST} for a setting that does not exist.
 * @throws {OIP_ERR_UNSUPPORTED} for another value.
 */
export function unchanged(
  kind: 'trace' | 'log',
  settings: Settings,
  wanted: Readonly<Record<string, SettingValue | null>>,
): Settings {
  for (const [name, value] of Object.entries(wanted)) {
    if (!Object.hasOwn(settings, name))
      throw oipError(
        'OIP_ERR_REQUEST',
        `unknown ${kind} setting '${name}': there are ${Object.keys(settings).join(', ')}`,
      );
    if (value === null || isSame(settings[name]!, value)) continue;
    throw cannotChange(kind, name, settings[name]!);
  }
  return settings;
}

function isSame(is: SettingValue, wanted: SettingValue): boolean {
  return String(is) === String(wanted);
}

function cannotChange(kind: string, name: string, value: SettingValue): WitanError {
  const how =
    kind === 'trace'
      ? 'traces come from the telemetry of the application, not from this call'
      : "the application's logger decides what is logged";
  return oipError(
    'OIP_ERR_UNSUPPORTED',
    `${kind} setting '${name}' is ${JSON.stringify(value)} and cannot be changed while the server runs: ${how}`,
  );
}
