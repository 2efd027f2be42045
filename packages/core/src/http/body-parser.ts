import type { FastifyInstance, FastifyRequest } from 'fastify';
import { decompressBody } from './decompression.js';

type Done = (error: Error | null, body?: unknown) => void;

/** Makes every body of this scope arrive as bytes, decompressed, whatever its content type: services decode it themselves. */
export function addRawBodyParser(scope: FastifyInstance, bodyLimitBytes: number): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    '*',
    { parseAs: 'buffer', bodyLimit: bodyLimitBytes },
    (request: FastifyRequest, body, done: Done) => {
      const encoding = request.raw.headers['content-encoding'];
      if (encoding === undefined || encoding.toLowerCase() === 'identity') {
        done(null, body);
        return;
      }
      decompressBody(body as Buffer, encoding, bodyLimitBytes).then((plain) => done(null, plain), done);
    },
  );
}
