export { fixture, fixtureModel, fixtureRecords } from './fixtures.js';
export type { Cell, Expected, Fixture, FixtureName } from './fixtures.js';
export { ManualClock } from '@witan/core/testing';
export { runnerContract } from './runner-contract.js';
export type { ContractRunner, ContractTensor, ContractTensors, RunnerContractOptions } from './runner-contract.js';
