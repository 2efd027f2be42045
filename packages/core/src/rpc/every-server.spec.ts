import { describe } from 'vitest';
import { useServer } from './harness.spec.support.js';

useServer('witan');

/** What the other specs find on grpc-js, they must find on every server. */
describe.each(['bad-input', 'connections', 'errors', 'health', 'server', 'stream', 'unary'])(
  'grpc-%s on witan',
  async (name) => {
    await import(`./grpc-${name}.spec.js`);
  },
);
