import { defineConfig } from 'vitest/config';
import { singleModules } from './vitest.config.ts';

/** What reads the network's bytes: every line of it is run by the specs of its own package. */
export default defineConfig({
  ...singleModules,
  test: {
    ...singleModules.test,
    include: ['packages/grpc/dist/**/*.spec.js'],
    exclude: ['**/node_modules/**', '**/*.real.spec.js'],
    pool: 'forks',
    testTimeout: 30_000,
    coverage: {
      enabled: true,
      provider: 'v8',
      include: ['packages/grpc/dist/{http2,hpack}/**/*.js'],
      exclude: ['**/*.spec.js', '**/*.spec.support.js'],
      reporter: ['text'],
      reportsDirectory: '.cache/coverage',
      thresholds: { perFile: true, lines: 100, functions: 100 },
    },
  },
});
