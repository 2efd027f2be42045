// For users.
export { fakeModel } from './fake-model.js';
export type { FakeModel } from './fake-model.js';
export type { TestCallOptions, TestCallResult, TestGrpcClient, TestStreamResult } from './grpc-client.js';
export { ManualClock } from './manual-clock.js';
export type { ManualClockOptions } from './manual-clock.js';
export { createTestingApplication, TestingApplication } from './testing-application.js';
export type { TestingOptions } from './testing-application.js';
