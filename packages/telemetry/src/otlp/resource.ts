import { randomUUID } from 'node:crypto';
import type { Resource } from '@opentelemetry/resources';
import type { Environment } from './otlp-settings.js';
import type { OtlpOptions } from './otlp-options.js';

/** What all that this process sends is said to be of. */
export async function resourceOf(options: OtlpOptions, env: Environment): Promise<Resource> {
  const { defaultResource, detectResources, envDetector, resourceFromAttributes } =
    await import('@opentelemetry/resources');
  const named = options.serviceName ?? env['OTEL_SERVICE_NAME'];
  const own = resourceFromAttributes({
    'service.name': 'witan',
    'service.instance.id': randomUUID(),
    'process.pid': process.pid,
  });
  return defaultResource()
    .merge(own)
    .merge(detectResources({ detectors: [envDetector] }))
    .merge(resourceFromAttributes({ ...options.resource, ...(named !== undefined && { 'service.name': named }) }));
}
