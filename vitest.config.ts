import { defineConfig } from 'vitest/config';

// Specs run as compiled by tsc: what is tested is what ships, and worker entries resolve.
export default defineConfig({
  test: {
    include: ['{packages,libs}/*/dist/**/*.spec.js', 'test/dist/**/*.spec.js'],
    exclude: ['**/node_modules/**', '**/*.real.spec.js'],
    pool: 'forks',
    env: { ORT_DISABLE_TELEMETRY: '1' },
    testTimeout: 30_000,
  },
});
