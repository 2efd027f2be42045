import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{packages,libs}/*/dist/**/*.real.spec.js', 'test/dist/**/*.real.spec.js'],
    exclude: ['**/node_modules/**'],
    pool: 'forks',
    env: { ORT_DISABLE_TELEMETRY: '1' },
    testTimeout: 300_000,
    hookTimeout: 900_000,
  },
});
