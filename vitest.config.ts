import { defineConfig } from 'vitest/config';

// Specs run as compiled by tsc, where worker entries resolve. They and the processes that they start load the packages'
// single modules instead of the bundles: one copy of each, whichever way it is imported.
// Not `module`: what packages give under it is for bundlers, and Node cannot load all of it.
const CONDITION = 'witan-modules';

export const singleModules = defineConfig({
  ssr: { resolve: { conditions: [CONDITION, 'node'], externalConditions: [CONDITION, 'node', 'module-sync'] } },
  test: { execArgv: [`--conditions=${CONDITION}`], env: { NODE_OPTIONS: `--conditions=${CONDITION}` } },
});

export default defineConfig({
  ...singleModules,
  test: {
    ...singleModules.test,
    include: ['{packages,libs}/*/dist/**/*.spec.js', 'test/dist/**/*.spec.js'],
    exclude: ['**/node_modules/**', '**/*.real.spec.js'],
    pool: 'forks',
    env: { ...singleModules.test?.env, ORT_DISABLE_TELEMETRY: '1' },
    testTimeout: 30_000,
  },
});
