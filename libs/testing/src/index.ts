export { fixture, fixtureModel, fixtureRecords } from './fixtures.js';
export type { Cell, Expected, Fixture, FixtureName } from './fixtures.js';
export { ManualClock } from './manual-clock.js';
