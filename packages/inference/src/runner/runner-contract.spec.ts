import { afterAll } from 'vitest';
import { runnerContract } from '@witan-libs/testing';
import { RunnerFactory } from './runner-factory.js';

const factory = new RunnerFactory({ trusted: true, sharedWorkers: 2 });
afterAll(() => factory.close());

for (const mode of ['inline', 'worker', 'process'] as const) {
  runnerContract({
    mode,
    make: (path) => factory.open({ name: 'contract', path, execution: mode, maxRows: 1 }) as never,
  });
}
