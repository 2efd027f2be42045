import { describe, expect, it } from 'vitest';
import { checkListenOptions } from './check-listen-options.js';

describe('options of listen', () => {
  it.each([
    [{ http: 70_000 }, 'http: 70000 is not a port from 0 to 65535, the path of a unix socket, or false'],
    [{ http: -1 }, 'http: -1 is not'],
    [{ http: 1.5 }, 'http: 1.5 is not'],
    [{ http: NaN }, 'http: NaN is not'],
    [{ http: null }, 'http: null is not'],
    [{ http: true }, 'http: true is not'],
    [{ grpc: '' }, "grpc: '' is not"],
    [{ grpc: {} }, 'grpc: {} is not'],
    [{ host: 5 }, 'host: 5 is not'],
    [{ host: '' }, "host: '' is not"],
    [{ shutdown: 5 }, 'shutdown: 5 is not'],
    [{ shutdown: { timeoutMs: -1 } }, 'shutdown.timeoutMs: -1 is not milliseconds from 0'],
    [{ shutdown: { timeoutMs: 'abc' } }, "shutdown.timeoutMs: 'abc' is not"],
    [{ shutdown: { timeoutMs: 1e12 } }, 'shutdown.timeoutMs: 1000000000000 is not'],
    [{ shutdown: { delayMs: NaN } }, 'shutdown.delayMs: NaN is not'],
    [{ tls: 5 }, 'tls needs key and cert'],
    [{ tls: { key: 'x' } }, 'tls needs key and cert'],
    [{ tls: { key: 'x', cert: 'y', requestCert: true } }, 'tls.requestCert needs ca'],
    [{ tls: { key: 'x', cert: 'y' } }, 'tls: these certificates or options cannot be used'],
  ])('that make no sense are refused by name: %j', (options, text) => {
    expect(() => checkListenOptions(options as never)).toThrow(
      expect.objectContaining({ code: 'CORE_ERR_BOOT_OPTION', message: expect.stringContaining(text) }),
    );
  });

  it('that make sense pass', () => {
    checkListenOptions({});
    checkListenOptions({ http: 0, grpc: false, host: '::1', shutdown: { delayMs: 0, timeoutMs: 1 } });
    checkListenOptions({ http: '/run/http.sock', grpc: 65_535, shutdown: {} });
  });
});
