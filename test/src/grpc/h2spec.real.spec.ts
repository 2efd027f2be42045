import { readFileSync } from 'node:fs';
import type { RpcBindOptions, RpcServer } from '@witan/core';
import { goTool, makeCertificates } from '@witan-libs/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { exceptionsOf, h2spec, judged } from './h2spec.js';
import { startServer } from './servers.js';

const H2SPEC = '2.2.1+incompatible';
/** Fewer would mean that h2spec did not run to its end. */
const MIN_CASES = 140;

let tool: Awaited<ReturnType<typeof goTool>>;
const certificates = makeCertificates();
beforeAll(async () => {
  tool = await goTool('h2spec', H2SPEC, 'github.com/summerwind/h2spec/cmd/h2spec');
});
afterAll(() => certificates.remove());

/** What grpc-js answers is nghttp2's doing: only ours is judged. */
const KIND = 'witan';

describe(`h2spec on ${KIND}`, () => {
  let server: RpcServer | undefined;
  afterEach(() => server?.close());

  it.for([
    ['in the clear', [], {}],
    [
      'over TLS',
      ['-t', '-k'],
      { tls: { key: readFileSync(certificates.server.key), cert: readFileSync(certificates.server.cert) } },
    ],
  ] as [string, string[], RpcBindOptions][])(
    'passes %s, but for the listed exceptions',
    async ([, flags, bind], context) => {
      if ('missing' in tool) return context.skip(tool.missing);
      server = await startServer(KIND, {}, bind);
      const cases = await h2spec(tool.path, server.address!.port, flags);
      expect(cases.length).toBeGreaterThan(MIN_CASES);
      const { unexpected, needless } = judged(cases, exceptionsOf(KIND));
      expect(unexpected.join('\n\n')).toBe('');
      expect(needless).toEqual([]);
    },
  );
});
