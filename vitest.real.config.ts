import { defineConfig } from 'vitest/config';
import { singleModules } from './vitest.config.ts';

export default defineConfig({
  ...singleModules,
  test: {
    ...singleModules.test,
    include: ['{packages,libs}/*/dist/**/*.real.spec.js', 'test/dist/**/*.real.spec.js'],
    exclude: ['**/node_modules/**'],
    pool: 'forks',
    env: { ...singleModules.test?.env, ORT_DISABLE_TELEMETRY: '1' },
    testTimeout: 300_000,
    hookTimeout: 900_000,
  },
});
