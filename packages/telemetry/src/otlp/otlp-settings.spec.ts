import { describe, expect, it } from 'vitest';
import { signalSettings } from './otlp-settings.js';

const refused = (make: () => unknown, text: RegExp): void =>
  expect(make).toThrow(expect.objectContaining({ code: 'TEL_ERR_OTLP_OPTION', message: expect.stringMatching(text) }));

describe('what is exported', () => {
  const names = (...args: Parameters<typeof signalSettings>) => signalSettings(...args).map(({ signal }) => signal);

  it('is metrics, and traces where they are asked for, and logs where they are named', () => {
    expect(names({}, false, {})).toEqual(['metrics']);
    expect(names({}, true, {})).toEqual(['metrics', 'traces']);
    expect(names({ signals: ['logs'] }, true, {})).toEqual(['logs']);
  });

  it('is nothing where the environment switches it off', () => {
    expect(names({}, true, { OTEL_SDK_DISABLED: 'TRUE ' })).toEqual([]);
    expect(names({}, true, { OTEL_TRACES_EXPORTER: 'none' })).toEqual(['metrics']);
  });

  it('goes to the url with the path of its signal, over gRPC to the url itself', () => {
    const [http] = signalSettings({ url: 'http://c:4318/base/' }, false, {});
    expect(http).toMatchObject({ protocol: 'http/protobuf', url: 'http://c:4318/base/v1/metrics' });
    const [grpc] = signalSettings({ url: 'http://c:4317', protocol: 'grpc' }, false, {});
    expect(grpc).toMatchObject({ protocol: 'grpc', url: 'http://c:4317' });
  });

  it('takes its protocol from the environment, of the signal first', () => {
    const env = { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf' };
    expect(signalSettings({}, true, env).map(({ protocol }) => protocol)).toEqual(['grpc', 'http/protobuf']);
    const [given] = signalSettings({ protocol: 'http/protobuf' }, false, env);
    expect(given!.protocol).toBe('http/protobuf');
  });

  it('refuses what cannot be', () => {
    refused(
      () => signalSettings({}, false, { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }),
      /'http\/json'.*METRICS_PROTOCOL/,
    );
    refused(() => signalSettings({ url: 'collector:4318' }, false, {}), /otlp.url is 'collector:4318'/);
    refused(() => signalSettings({ signals: ['events' as never] }, false, {}), /'events': there are metrics/);
  });
});
