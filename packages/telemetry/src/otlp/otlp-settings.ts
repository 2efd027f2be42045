import { otlpError } from './otlp.errors.js';
import type { OtlpOptions, OtlpProtocol, OtlpSignal } from './otlp-options.js';

/** The environment's variables, by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What one signal's exporter is made with; what is absent is the exporter's own to find in the environment. */
export interface SignalSettings {
  readonly signal: OtlpSignal;
  readonly protocol: OtlpProtocol;
  /** Whole, with the signal's path over HTTP. */
  readonly url: string | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly compression: 'gzip' | 'none' | undefined;
  readonly timeoutMs: number | undefined;
}

const PROTOCOLS: readonly OtlpProtocol[] = ['http/protobuf', 'grpc'];
const SIGNALS: readonly OtlpSignal[] = ['metrics', 'traces', 'logs'];

/**
 * What is to be exported, and how; nothing where the environment switches OpenTelemetry off.
 * @throws {TEL_ERR_OTLP_OPTION}
 */
export function signalSettings(options: OtlpOptions, withTraces: boolean, env: Environment): SignalSettings[] {
  if (env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true') return [];
  const usual: readonly OtlpSignal[] = withTraces ? ['metrics', 'traces'] : ['metrics'];
  const signals = options.signals ?? usual;
  const unknown = signals.find((signal) => !SIGNALS.includes(signal));
  if (unknown !== undefined)
    throw otlpError('TEL_ERR_OTLP_OPTION', `otlp.signals names '${unknown}': there are ${SIGNALS.join(', ')}`);
  return signals
    .filter((signal) => env[`OTEL_${signal.toUpperCase()}_EXPORTER`]?.trim() !== 'none')
    .map((signal) => settingsOf(signal, options, env));
}

function settingsOf(signal: OtlpSignal, options: OtlpOptions, env: Environment): SignalSettings {
  const { headers, compression, timeoutMs } = options;
  const protocol = protocolOf(signal, options, env);
  return { signal, protocol, url: urlOf(signal, protocol, options.url), headers, compression, timeoutMs };
}

function protocolOf(signal: OtlpSignal, options: OtlpOptions, env: Environment): OtlpProtocol {
  const named = `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_PROTOCOL`;
  const protocol =
    options.protocol ?? (env[named]?.trim() || env['OTEL_EXPORTER_OTLP_PROTOCOL']?.trim() || 'http/protobuf');
  const known = PROTOCOLS.find((each) => each === protocol);
  if (known) return known;
  throw otlpError(
    'TEL_ERR_OTLP_OPTION',
    `the OTLP protocol for ${signal} is '${protocol}': use 'http/protobuf' or 'grpc' (otlp.protocol, ${named})`,
  );
}

function urlOf(signal: OtlpSignal, protocol: OtlpProtocol, url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw otlpError('TEL_ERR_OTLP_OPTION', `otlp.url is '${url}': give a url, as in 'http://collector:4318'`);
  return protocol === 'grpc' ? url : `${url.replace(/\/+$/, '')}/v1/${signal}`;
}

/** A whole number of milliseconds or items from the environment, if it is one. */
export function positive(what: string, value: number): number {
  if (Number.isFinite(value) && value > 0) return value;
  throw otlpError('TEL_ERR_OTLP_OPTION', `${what} is ${value}: give a number above 0`);
}
