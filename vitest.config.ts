import { defineConfig, defineProject } from 'vitest/config';

// Specs run as compiled by tsc, where worker entries resolve. They and the processes that they start load the packages'
// single modules instead of the bundles: one copy of each, whichever way it is imported.
// Not `module`: what packages give under it is for bundlers, and Node cannot load all of it.
const CONDITION = 'witan-modules';

export const singleModules = defineConfig({
  ssr: { resolve: { conditions: [CONDITION, 'node'], externalConditions: [CONDITION, 'node', 'module-sync'] } },
  test: { execArgv: [`--conditions=${CONDITION}`], env: { NODE_OPTIONS: `--conditions=${CONDITION}` } },
});

/** @param groupOrder groups run one after another */
const project = (name: string, include: string, maxWorkers: number, groupOrder: number) =>
  defineProject({
    ...singleModules,
    test: {
      ...singleModules.test,
      name,
      include: [include],
      exclude: ['**/node_modules/**', '**/*.real.spec.js'],
      pool: 'forks',
      maxWorkers,
      sequence: { groupOrder },
      env: { ...singleModules.test.env, ORT_DISABLE_TELEMETRY: '1' },
      testTimeout: 30_000,
    },
  });

export default defineConfig({
  test: {
    projects: [
      project('packages', '{packages,libs}/*/dist/**/*.spec.js', 2, 0),
      // They start processes, and some of them build: each has the machine for itself.
      project('together', 'test/dist/**/*.spec.js', 1, 1),
    ],
  },
});
