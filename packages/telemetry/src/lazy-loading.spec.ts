import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

/** The packages of others that a program has loaded, of those that are not to be. */
function loadedBy(options: string): string[] {
  const program = `
    import 'reflect-metadata';
    import { createRequire } from 'node:module';
    import { createTestingApplication } from '@witan/core/testing';
    import { TelemetryModule } from '@witan/telemetry';
    const app = await createTestingApplication({ imports: [TelemetryModule.forRoot(${options})] });
    await app.close();
    const files = Object.keys(createRequire(import.meta.url).cache);
    const names = files.map((file) => /node_modules\\/(@opentelemetry\\/[^/]+|pino)\\//.exec(file)?.[1]);
    console.log(JSON.stringify([...new Set(names.filter(Boolean))]));`;
  const args = ['--conditions=witan-modules', '--input-type=module', '-e', program];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', cwd: import.meta.dirname })) as string[];
}

describe('OpenTelemetry and pino', () => {
  it('are not loaded unless they are asked for', () => {
    expect(loadedBy('{ prometheus: true, traces: {}, summary: true }')).toEqual([]);
  });

  it('are loaded by what needs them', () => {
    expect(loadedBy("{ logs: { destination: { file: '/dev/null' } } }")).toEqual(['pino']);
    const otlp = loadedBy("{ otlp: { url: 'http://127.0.0.1:9', signals: ['traces'] }, traces: {} }");
    expect(otlp).toContain('@opentelemetry/exporter-trace-otlp-proto');
    expect(otlp.filter((name) => /grpc|metrics/.test(name) && name.includes('exporter'))).toEqual([]);
  });
});
