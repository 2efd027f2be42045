import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { LogRecordExporter } from '@opentelemetry/sdk-logs';
import type { PushMetricExporter } from '@opentelemetry/sdk-metrics';
import type { SignalSettings } from './otlp-settings.js';

/** OpenTelemetry's exporters, each with its protocol's package; nothing of them is loaded before. */
export async function traceExporter(settings: SignalSettings): Promise<SpanExporter> {
  if (settings.protocol === 'grpc') {
    const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-grpc');
    return new OTLPTraceExporter(await grpcConfig(settings));
  }
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
  return new OTLPTraceExporter(httpConfig(settings));
}

export async function logExporter(settings: SignalSettings): Promise<LogRecordExporter> {
  if (settings.protocol === 'grpc') {
    const { OTLPLogExporter } = await import('@opentelemetry/exporter-logs-otlp-grpc');
    return new OTLPLogExporter(await grpcConfig(settings));
  }
  const { OTLPLogExporter } = await import('@opentelemetry/exporter-logs-otlp-proto');
  return new OTLPLogExporter(httpConfig(settings));
}

export async function metricExporter(
  settings: SignalSettings,
  temporality: 'cumulative' | 'delta',
): Promise<PushMetricExporter> {
  const temporalityPreference = temporality === 'delta' ? 0 : 1;
  if (settings.protocol === 'grpc') {
    const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-grpc');
    return new OTLPMetricExporter({ ...(await grpcConfig(settings)), temporalityPreference });
  }
  const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-proto');
  return new OTLPMetricExporter({ ...httpConfig(settings), temporalityPreference });
}

function httpConfig({ url, headers, compression, timeoutMs }: SignalSettings): object {
  return {
    ...(url !== undefined && { url }),
    ...(headers && { headers: { ...headers } }),
    ...(compression !== undefined && { compression }),
    ...(timeoutMs !== undefined && { timeoutMillis: timeoutMs }),
  };
}

async function grpcConfig(settings: SignalSettings): Promise<object> {
  const { headers } = settings;
  if (!headers) return httpConfig(settings);
  const { Metadata } = await import('@grpc/grpc-js');
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return { ...httpConfig({ ...settings, headers: undefined }), metadata };
}
